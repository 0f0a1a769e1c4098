// What the fuzz targets share. A target is one file, NAME_fuzz.cc, with libFuzzer's entry
// (LLVMFuzzerTestOneInput), its seeds, and, where most changes would only break a checksum, a
// mutator of its own. It is linked twice:
//  - in every build with smoke_main.cc, which replays corpus/NAME and runs some thousand seeded
//    mutants: ctest's NAME_fuzz;
//  - in the preset `fuzz` with libFuzzer, for soak.py.
// Whatever the bytes are, what reads them refuses them with a track::Error or reads them in part:
// no crash, no leak, no loop (kMostSeconds), no more memory than kMostMemory; nothing else is
// thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/model/loaded.h"

namespace track::fuzz {

// Each target's own: good inputs to start from.
std::vector<std::string> seeds();

// The input as a file, with a path for those who want one.
class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

// What the verbs would print of these processes: a third of it, which one the input's bytes say, so
// that three times as many inputs are tried.
void use_loaded(std::vector<Loaded> all, const uint8_t* data, size_t size);

// Runs `body`; an input that is refused with a track::Error is as good as any.
void allow_refusal(const std::function<void()>& body);

// Changes bytes [from, from + length) of the input in place, by libFuzzer's mutations.
void mutate_part(uint8_t* data, size_t from, size_t length);

}  // namespace track::fuzz

extern "C" {
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Only some targets have one.
[[gnu::weak]] size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most,
                                             unsigned seed);
// libFuzzer's, or smoke_main's.
size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);
}
