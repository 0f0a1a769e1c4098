#include "libtrack/capture/allocation_stacks.h"

#include <atomic>

#include "libtrack/core/heap_sites.h"
#include "libtrack/core/known_stacks.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

constexpr unsigned kSeenBits = 12;
constexpr uint32_t kMostMisses = 64, kPause = 2048;

struct AllocationStacks {
  uint64_t pool_link;
  core::Replay replay;
  struct Seen {
    uint64_t hash;
    uint64_t stack;
  } seen[1u << kSeenBits];
  uint32_t misses;    // in a row
  uint32_t pause;     // captures until stacks are asked for as a whole again
  uint64_t interned;  // hash of the last capture, when its stack is interned
  wire::HeapDelta* deltas;
  core::KnownStacks known;
};

constinit core::BlockPool pool{sizeof(AllocationStacks)};
constinit thread_local AllocationStacks* own __attribute__((tls_model("initial-exec"))) = nullptr;

void keep_deltas(AllocationStacks& stacks) {
  if (stacks.deltas == nullptr)
    stacks.deltas = core::take_heap_deltas();
  else if (!core::reserve_heap_deltas(stacks.deltas))
    stacks.deltas = nullptr;
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
  auto& seen = stacks.seen[stack.hash >> (64 - kSeenBits)];
  if (seen.hash != stack.hash) {
    seen.hash = 0;  // a handler may jump out between the two
    std::atomic_signal_fence(std::memory_order_seq_cst);
    seen.stack = core::intern_stack(stack.hash, stack.frames_outermost_first, stack.depth,
                                    stack.truncated, last != 0 ? stack.depth - stack.changed : 0);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (seen.stack == 0) return 0;
    seen.hash = stack.hash;
  }
  stacks.interned = stack.hash;
  return static_cast<uint32_t>(seen.stack);
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
  if (__builtin_expect(stack != 0 && stacks->deltas != nullptr, 1))
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
