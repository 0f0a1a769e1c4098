// coroutines.h: which allocations are C++20 coroutine frames.
//
// A frame begins with two code pointers, resume and destroy, that its function writes right after
// the allocation (research: coroutine-abi.md). So an allocation site (the return address of the
// allocating call) is learned: the first blocks from it are remembered, with their stacks, and
// looked at on the thread's next occasion. A site of frames gets every block recorded with its
// creation stack; a site of anything else costs one compare from then on, with a second look at
// one allocation in a thousand. A site that mixes both (an allocator shared by all) is split by its
// caller. What the tracker records is a candidate; `track` decides with symbols.
#pragma once

#include <cstddef>

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {

void start_coroutines();
void restart_coroutines_after_fork(bool keep);

// Looks at the blocks this thread remembers; on every wait, thread creation and end.
void settle_pending();

// One word a site: return address << 16 | state << 14 | index of the site.
inline constexpr uint32_t kSiteCacheBits = 14;
extern std::atomic<uint64_t> site_cache[1u << kSiteCacheBits];
inline uint32_t site_cache_index(uint64_t return_address) {
  return static_cast<uint32_t>((return_address * 0x9E3779B97F4A7C15u) >> (64 - kSiteCacheBits));
}

// Of the running thread's account.
void count_coroutine_created();
void count_coroutine_destroyed();

inline constexpr size_t kSmallestFrame = 24;
inline constexpr size_t kLargestFrame = 1 << 20;

void allocated_slow(void* block, size_t bytes, uint64_t return_address,
                    const core::Registers& registers);
// The same where the cache already says: every block from this site is a frame.
void allocated_frame(void* block, size_t bytes, uint32_t site, const core::Registers& registers);
void freeing_slow(void* block);

// Which of these entries hold a frame now: bit i for slots[i]. The memory itself is asked: a block
// that nobody has looked at yet may be a frame all the same (its owner does that later), and one
// that an allocator of the program's has given out a second time may be none any more.
inline constexpr unsigned kMostAtOnce = 64;
uint64_t frames_held(const wire::CoroutineSlot* const* slots, unsigned count);
inline bool holds_frame(const wire::CoroutineSlot& slot) {
  const wire::CoroutineSlot* const one = &slot;
  return frames_held(&one, 1) != 0;
}

inline uint64_t site_word(uint64_t caller) {
  return site_cache[site_cache_index(caller)].load(std::memory_order_relaxed);
}
inline bool site_is(uint64_t word, uint64_t caller, wire::SiteState state) {
  return word >> 14 == (caller << 2 | uint64_t(state));
}

// Is what the caller allocates now surely no frame, whatever its address will be? Where it is, the
// real call is all there is to do. Yes also uses up one of the thread's allocations between looks.
[[gnu::always_inline]] inline bool no_frame(size_t bytes, uint64_t caller) {
  if (bytes < kSmallestFrame || bytes > kLargestFrame) return true;
  return __builtin_expect(site_is(site_word(caller), caller, wire::SiteState::never), 1) &&
         __builtin_expect(--core::this_thread.allocations != 0, 1);
}

// After the real call, in a frame that stands in the interposer's place, where no_frame said no.
[[gnu::always_inline]] inline void* perhaps_frame(void* block, size_t bytes) {
  const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  if (block == nullptr || !core::may_record()) return block;
  const uint64_t word = site_word(caller);
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  if (site_is(word, caller, wire::SiteState::coroutine))
    allocated_frame(block, bytes, word & ((1u << 14) - 1), registers);
  else
    allocated_slow(block, bytes, caller, registers);
  return block;
}

// Both, in the interposer's own frame.
[[gnu::always_inline]] inline void* allocated(void* block, size_t bytes) {
  const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  return no_frame(bytes, caller) ? block : perhaps_frame(block, bytes);
}

// Before the real call: afterwards the address may already be somebody else's.
inline void freeing(void* block) {
  if (core::may_be_tracked(block)) freeing_slow(block);
}

}  // namespace track::capture
