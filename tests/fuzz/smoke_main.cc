// Without libFuzzer: NAME_fuzz ROUNDS SEED CORPUS replays the corpus and the seeds, then as many
// mutants of them; the same seed is the same run. A crash names the round it was in, for a
// debugger.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/fuzz.h"

namespace {

std::mt19937_64 g_random;

uint64_t below(uint64_t limit) {
  return limit == 0 ? 0 : g_random() % limit;
}

std::vector<std::string> corpus(const std::string& directory) {
  std::vector<std::string> paths, inputs = track::fuzz::seeds();
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most) {
  static constexpr uint8_t kNasty[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe};
  if (size == 0) return 0;
  for (uint64_t n = 1 + below(4); n > 0; --n) {
    uint8_t& byte = data[below(size)];
    byte = below(2) == 0 ? kNasty[below(sizeof kNasty)]
                         : static_cast<uint8_t>(byte ^ (1u << below(8)));
  }
  switch (below(16)) {
    case 0:  // cut off
      return below(size) + 1;
    case 1: {  // a word that is too large, or too small
      const uint64_t word = below(2) == 0 ? ~uint64_t{0} >> below(64) : below(300);
      const size_t at = below(size);
      for (size_t i = 0; i < 8 && at + i < size; ++i)
        data[at + i] = static_cast<uint8_t>(word >> (8 * i));
      return size;
    }
    case 2: {  // a piece twice
      const size_t from = below(size), more = std::min(most - size, below(size - from) + 1);
      std::copy_backward(data + from, data + size, data + size + more);
      return size + more;
    }
    default:
      return size;
  }
}

int main(int count, char** arguments) {
  if (count != 4) return std::fprintf(stderr, "usage: NAME_fuzz ROUNDS SEED CORPUS\n"), 2;
  const uint64_t rounds = std::strtoull(arguments[1], nullptr, 10);
  g_random.seed(std::strtoull(arguments[2], nullptr, 10));
  const std::vector<std::string> inputs = corpus(arguments[3]);
  if (inputs.empty()) return std::fprintf(stderr, "there is nothing to start from\n"), 1;
  for (const std::string& input : inputs) run(input);
  for (uint64_t round = 0; round < rounds; ++round) {
    std::string input = inputs[below(inputs.size())];
    const size_t size = input.size();
    input.resize(size + 4096);
    auto* data = reinterpret_cast<uint8_t*>(input.data());
    const auto seed = static_cast<unsigned>(g_random());
    input.resize(LLVMFuzzerCustomMutator != nullptr
                     ? LLVMFuzzerCustomMutator(data, size, input.size(), seed)
                     : LLVMFuzzerMutate(data, size, input.size()));
    run(input);
  }
  std::printf("%zu inputs and %llu mutants: nothing broke\n", inputs.size(),
              static_cast<unsigned long long>(rounds));
  return 0;
}
