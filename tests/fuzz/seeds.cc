// Any fuzzer called with `--write-seeds DIRECTORY` writes what the target starts from and ends.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  if (*count != 3 || std::strcmp((*arguments)[1], "--write-seeds") != 0) return 0;
  int number = 0;
  for (const std::string& seed : track::fuzz::seeds()) {
    std::ofstream file(std::string((*arguments)[2]) + "/seed." + std::to_string(number++),
                       std::ios::binary);
    if (!file.write(seed.data(), static_cast<std::streamsize>(seed.size()))) {
      std::fprintf(stderr, "cannot write into %s\n", (*arguments)[2]);
      std::exit(2);
    }
  }
  std::exit(0);
}
