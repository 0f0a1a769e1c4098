// stacks.h: interned stacks. A stack reference is an index into the open-addressing stack_index
// section; the slot names the body: return addresses, outermost first, in stack_bodies.
// Index 0 is never used, so that a reference of 0 means "no stack".
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

struct StackIndexEntry {
  std::atomic<uint64_t> hash;  // 0 = free; claimed by CAS
  // Written after the body: offset of the body in words (40 bits) | depth (16 bits) | flags (8
  // bits). 0 = body not there (yet, or lost).
  std::atomic<uint64_t> body;
  uint32_t generation;  // module generation its addresses belong to
  uint32_t reserved;
};
static_assert(sizeof(StackIndexEntry) == 24);

inline constexpr uint64_t kStackTruncated = 1;  // flag: cut short, not the whole stack

// No return address: of a CPU sample in a coroutine, what lies outside of it are not callers but,
// one each, who awaits: the start of its resume function + 1.
inline constexpr uint64_t kAwaitedBy = 1;

constexpr uint64_t pack_stack_body(uint64_t offset, uint32_t depth, uint64_t flags) {
  return offset << 24 | static_cast<uint64_t>(depth & 0xffff) << 8 | (flags & 0xff);
}
constexpr uint64_t stack_body_offset(uint64_t body) {
  return body >> 24;
}
constexpr uint32_t stack_body_depth(uint64_t body) {
  return body >> 8 & 0xffff;
}
constexpr uint64_t stack_body_flags(uint64_t body) {
  return body & 0xff;
}

}  // namespace track::wire
