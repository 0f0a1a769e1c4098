#include "libtrack/capture/allocation_stacks.h"

#include "libtrack/core/heap_sites.h"
#include "libtrack/core/known_stacks.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

constexpr unsigned kSeenBits = 13;
constexpr uint64_t kStackBits = (1 << 20) - 1;  // as many references as there may be
constexpr uint32_t kMostMisses = 64, kPause = 2048;

struct AllocationStacks {
  uint64_t pool_link;
  core::Replay replay;
  uint64_t seen[1u << kSeenBits];  // hash of a stack, its lowest bits the stack's reference
  uint32_t misses;                 // in a row
  uint32_t pause;                  // captures until stacks are asked for as a whole again
  uint64_t interned;               // hash of the last capture, when its stack is interned
  core::HeapDeltas deltas;
  core::KnownStacks known;
};

constinit core::BlockPool pool{sizeof(AllocationStacks)};
constinit thread_local AllocationStacks* own __attribute__((tls_model("initial-exec"))) = nullptr;

void keep_deltas(AllocationStacks& stacks) {
  auto& page = stacks.deltas.page;
  if (page == nullptr)
    page = core::take_heap_deltas();
  else if (!core::reserve_heap_deltas(page))
    page = nullptr;
}

[[gnu::noinline]] AllocationStacks* take() {
  if (core::this_thread.slot == nullptr && core::adopt_thread() == nullptr) return nullptr;
  own = static_cast<AllocationStacks*>(pool.take());
  if (own == nullptr) {
    core::count(core::lost().stacks);
    return nullptr;
  }
  // A recycled one: what the last thread has seen is as good, its walks are not.
  own->replay.size = 0;
  own->replay.generation = 0;
  own->interned = 0;
  own->pause = own->misses = 0;
  keep_deltas(*own);
  return own;
}

uint32_t replayed(AllocationStacks& stacks, const core::Registers& registers, uint64_t high) {
  const uint64_t last = stacks.interned;
  stacks.interned = 0;
  const core::Captured stack = core::capture(stacks.replay, registers, high, 0);
  // Place and word together have 57 bits of the hash.
  uint64_t& seen = stacks.seen[stack.hash & ((1u << kSeenBits) - 1)];
  auto reference = static_cast<uint32_t>(seen & kStackBits);
  if (reference == 0 || ((seen ^ stack.hash) & ~kStackBits) != 0) {
    reference = core::intern_stack(stack.hash, stack.frames_outermost_first, stack.depth,
                                   stack.truncated, last != 0 ? stack.depth - stack.changed : 0);
    if (reference == 0) return 0;
    if (reference <= kStackBits) seen = (stack.hash & ~kStackBits) | reference;
  }
  stacks.interned = stack.hash;
  return reference;
}

uint32_t stack_of(AllocationStacks& stacks, const core::Registers& registers) {
  const uint64_t high = core::stack_high_of(registers.sp);
  if (stacks.pause != 0) {
    --stacks.pause;
    return replayed(stacks, registers, high);
  }
  if (const uint32_t stack = core::known_stack(stacks.known, registers, high)) {
    stacks.misses = 0;
    return stack;
  }
  const uint32_t stack = replayed(stacks, registers, high);
  if (stack != 0) core::know_stack(stacks.known, stacks.replay, registers, stack);
  if (++stacks.misses > kMostMisses) {
    stacks.misses = 0;
    stacks.pause = kPause;
  }
  return stack;
}

}  // namespace

uint32_t allocation_stack(const core::Registers& registers, uint64_t bytes) {
  if (__builtin_expect(!core::may_record(), 0)) {
    core::add_to_heap_site(0, 1, bytes);
    return 0;
  }
  core::BusyScope busy;
  AllocationStacks* stacks = own;
  if (__builtin_expect(stacks == nullptr, 0)) stacks = take();
  const uint32_t stack = stacks != nullptr ? stack_of(*stacks, registers) : 0;
  if (__builtin_expect(stack != 0 && stacks->deltas.page != nullptr, 1))
    core::count_allocation(stacks->deltas, stack, bytes);
  else
    core::add_to_heap_site(stack, 1, bytes);
  return stack;
}

void drop_allocation_stacks() {
  if (own == nullptr) return;
  AllocationStacks* stacks = own;
  own = nullptr;
  pool.give(stacks);
}

void restart_allocation_stacks_after_fork() {
  if (own != nullptr) keep_deltas(*own);
}

}  // namespace track::capture
