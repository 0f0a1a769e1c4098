// Made-up frames and code; a real child is in stacks_test.cc.
#include "cli/process/frame_pointer.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace track;

namespace {

// Memory of this process's own made-up frames.
process::FrameSearch search_in(const uint64_t* words, size_t count, const uint8_t* code,
                               size_t bytes) {
  const auto start = reinterpret_cast<uint64_t>(words);
  const auto code_start = reinterpret_cast<uint64_t>(code);
  return {[=](uint64_t address, uint64_t& value) {
            const bool on_stack = address >= start && address + 8 <= start + count * 8;
            const bool in_code = address >= code_start && address + 8 <= code_start + bytes;
            if (!on_stack && !in_code) return false;
            std::memcpy(&value, reinterpret_cast<const void*>(address), 8);
            return true;
          },
          [=](uint64_t address) { return address >= code_start && address < code_start + bytes; }};
}

}  // namespace

TEST_CASE("the exact call of the function decides, before what lies nearer") {
  alignas(16) uint8_t code[256] = {};
  const auto base = reinterpret_cast<uint64_t>(code);
  // 0x00: the function. 0x40: an indirect call. 0x60: a call of the function. 0x80: of another.
  const uint8_t prologue[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10};
  std::memcpy(code, prologue, sizeof prologue);
  code[0x40] = 0xff;
  code[0x41] = 0xd0;
  const auto put_call = [&](size_t at, size_t target) {
    const auto relative = static_cast<int32_t>(target) - static_cast<int32_t>(at + 5);
    code[at] = 0xe8;
    std::memcpy(code + at + 1, &relative, 4);
  };
  put_call(0x60, 0x00);
  put_call(0x80, 0xa0);
  uint64_t words[32] = {};
  words[5] = base + 0x42;
  words[9] = base + 0x85;
  words[13] = base + 0x65;
  const auto search = search_in(words, 32, code, sizeof code);
  const auto stack_pointer = reinterpret_cast<uint64_t>(words);
  CHECK(process::find_frame_pointer(search, base, stack_pointer) ==
        reinterpret_cast<uint64_t>(words + 12));
  words[13] = 0;
  CHECK(process::find_frame_pointer(search, base, stack_pointer) ==
        reinterpret_cast<uint64_t>(words + 4));
  words[5] = 0;  // what is left is a call of another function
  CHECK(process::find_frame_pointer(search, base, stack_pointer) == 0);
  CHECK(process::find_frame_pointer(search, base + 1, stack_pointer) == 0);
}
