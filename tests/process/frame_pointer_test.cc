// Frames that only rbp describes, in a child whose rbp the kernel does not tell.
#include "cli/process/frame_pointer.h"

#include <alloca.h>
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "cli/process/image.h"
#include "cli/process/stacks.h"
#include "tests/support/sleeping_child.h"

using namespace track;

namespace {

// A frame of changing size: its compiler cannot do without rbp.
__attribute__((noinline)) int sleep_below_room(test::SleeperNotes* notes, int descriptor) {
  auto* room = static_cast<char*>(alloca(static_cast<size_t>(64 * descriptor)));
  std::memset(room, descriptor, static_cast<size_t>(64 * descriptor));
  const int answer = test::sleep_outer(notes, descriptor);
  asm volatile("" : : "r"(room) : "memory");
  return answer;
}

Stack stack_of(pid_t pid) {
  ProcessImage image;
  do {
    image = process::look_at_process(pid);
  } while (!image.threads.front().in_system_call || image.threads.front().system_call != SYS_read);
  process::Unwinder unwinder(image);
  Stack stack;
  process::read_sleeping(pid, image.threads.front(), unwinder, stack);
  return stack;
}

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

TEST_CASE("a frame of changing size is passed, down to where the thread began") {
  test::SleepingChild child(sleep_below_room);
  const Stack stack = stack_of(child.pid());
  CHECK_FALSE(stack.truncated);
  CHECK(std::find(stack.addresses.begin(), stack.addresses.end(), child.return_address(1)) !=
        stack.addresses.end());
}

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
