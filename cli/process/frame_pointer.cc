#include "cli/process/frame_pointer.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <vector>

namespace track::process {
namespace {

constexpr uint64_t kFarthest = 256 << 10;  // a frame larger than this is not searched for
constexpr size_t kPrologueBytes = 48;

std::vector<uint8_t> code_at(const FrameSearch& search, uint64_t address, size_t bytes) {
  std::vector<uint8_t> code;
  for (size_t at = 0; at < bytes; at += 8) {
    uint64_t word = 0;
    if (!search.word(address + at, word)) break;
    const auto* start = reinterpret_cast<const uint8_t*>(&word);
    code.insert(code.end(), start, start + 8);
  }
  return code;
}

struct Prologue {
  bool sets_frame_pointer = false;
  uint64_t below = 0;  // bytes from rsp to rbp as far as the prologue says
};

Prologue read_prologue(const std::vector<uint8_t>& code) {
  constexpr uint8_t kEndBranch[] = {0xf3, 0x0f, 0x1e, 0xfa};
  constexpr uint8_t kMove[] = {0x48, 0x89, 0xe5};
  constexpr uint8_t kOtherMove[] = {0x48, 0x8b, 0xec};
  Prologue prologue;
  auto at = code.begin();
  const auto begins = [&](const auto& bytes) {
    return static_cast<size_t>(code.end() - at) >= std::size(bytes) &&
           std::equal(std::begin(bytes), std::end(bytes), at);
  };
  if (begins(kEndBranch)) at += std::size(kEndBranch);
  if (at == code.end() || *at != 0x55) return prologue;  // push %rbp
  // Optimizers put other instructions in between.
  for (++at; at != code.end() && !begins(kMove) && !begins(kOtherMove);) ++at;
  if (at == code.end()) return prologue;
  prologue.sets_frame_pointer = true;
  at += std::size(kMove);
  const auto is_push = [&] { return at != code.end() && *at >= 0x50 && *at <= 0x57; };
  for (;;) {
    const bool extended = at != code.end() && *at == 0x41;
    if (extended) ++at;
    if (!is_push()) break;
    ++at;
    prologue.below += 8;
  }
  constexpr uint8_t kSubByte[] = {0x48, 0x83, 0xec};
  constexpr uint8_t kSubWord[] = {0x48, 0x81, 0xec};
  const auto left = code.end() - at;
  if (begins(kSubByte) && left >= 4) {
    prologue.below += at[3];
  } else if (begins(kSubWord) && left >= 7) {
    uint32_t bytes = 0;
    std::memcpy(&bytes, &at[3], sizeof bytes);
    prologue.below += bytes;
  }
  return prologue;
}

enum class Call { none, indirect, other, ours };

// What the instruction before a return address calls.
Call call_before(const FrameSearch& search, uint64_t return_address, uint64_t function) {
  const std::vector<uint8_t> code = code_at(search, return_address - 8, 8);
  if (code.size() < 8) return Call::none;
  if (code[3] == 0xe8) {
    int32_t relative = 0;
    std::memcpy(&relative, code.data() + 4, 4);
    const uint64_t target = return_address + static_cast<uint64_t>(int64_t{relative});
    if (target == function) return Call::ours;
    if (!search.is_code(target)) return Call::none;
    // Through the PLT: a jump to somewhere, perhaps to us.
    const std::vector<uint8_t> stub = code_at(search, target, 16);
    for (size_t i = 0; i + 1 < stub.size() && i < 8; ++i)
      if (stub[i] == 0xff && stub[i + 1] == 0x25) return Call::indirect;
    return Call::other;
  }
  // call *reg, *(reg), *disp8(reg), *disp32(reg), with and without a prefix or a SIB byte.
  for (const size_t length : {2, 3, 4, 6, 7})
    if (const size_t at = 8 - length; code[at] == 0xff && ((code[at + 1] >> 3) & 7) == 2)
      return Call::indirect;
  return Call::none;
}

}  // namespace

uint64_t find_frame_pointer(const FrameSearch& search, uint64_t function, uint64_t stack_pointer) {
  const Prologue prologue = read_prologue(code_at(search, function, kPrologueBytes));
  if (!prologue.sets_frame_pointer) return 0;
  const auto call_at = [&](uint64_t frame) {
    uint64_t return_address = 0, saved = 0;
    if (!search.word(frame, saved) || !search.word(frame + 8, return_address)) return Call::none;
    if (return_address < 8 || !search.is_code(return_address)) return Call::none;
    return call_before(search, return_address, function);
  };
  const uint64_t expected = stack_pointer + prologue.below;
  const Call call = call_at(expected);
  if (call == Call::ours || call == Call::indirect) return expected;
  // More was pushed or allocated than the prologue says: an exact call of this function decides.
  uint64_t unsure = 0;
  for (uint64_t at = (stack_pointer + 7) & ~uint64_t{7}; at < stack_pointer + kFarthest; at += 8) {
    uint64_t word = 0;
    if (!search.word(at, word)) break;
    const Call found = call_at(at);
    if (found == Call::ours) return at;
    if (found == Call::indirect && unsure == 0) unsure = at;
  }
  return unsure;
}

}  // namespace track::process
