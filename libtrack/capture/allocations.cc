#include "libtrack/capture/allocations.h"

#include <initializer_list>

#include "libtrack/capture/allocation_stacks.h"
#include "libtrack/capture/mappings.h"
#include "libtrack/capture/operators.h"
#include "libtrack/capture/real.h"
#include "libtrack/capture/sampled_allocations.h"
#include "libtrack/core/block_table.h"
#include "libtrack/core/heap_level.h"
#include "libtrack/core/heap_sites.h"
#include "libtrack/core/options.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

Real next;  // the allocator; of the rest nothing is used

uint64_t address_of(const void* block) {
  return reinterpret_cast<uint64_t>(block);
}

void (*coroutines_at_thread_end)();

// In the frame of the function that stands for the allocator's.
template <bool kStacks>
[[gnu::always_inline]] inline uint32_t stack_here(size_t bytes) {
  if (!kStacks) return 0;
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  return allocation_stack(registers, bytes);
}

// As the table has it.
int64_t in_table(size_t bytes) {
  return static_cast<int64_t>(bytes < wire::kLargestBlock ? bytes : wire::kLargestBlock);
}

// Without stacks there is no profile that would tell of a peak.
template <bool kStacks>
[[gnu::always_inline]] inline void level_changed(int64_t bytes) {
  if (kStacks) core::heap_level_changed(bytes);
}
template <bool kStacks>
[[gnu::always_inline]] inline void block_gone(uint64_t bytes) {
  level_changed<kStacks>(-static_cast<int64_t>(bytes));
}

template <bool kStacks>
[[gnu::always_inline]] inline void* allocated_block(void* block, size_t bytes) {
  if (__builtin_expect(block != nullptr && core::recording_on(), 1) &&
      core::set_block(address_of(block), bytes, stack_here<kStacks>(bytes)))
    level_changed<kStacks>(in_table(bytes));
  return block;
}

template <bool kStacks>
void* tracked_malloc(size_t n) noexcept {
  return allocated_block<kStacks>(next.malloc(n), n);
}
template <bool kStacks>
void* tracked_calloc(size_t n, size_t size) noexcept {
  return allocated_block<kStacks>(next.calloc(n, size), n * size);
}
template <bool kStacks>
void* tracked_memalign(size_t alignment, size_t n) noexcept {
  return allocated_block<kStacks>(next.memalign(alignment, n), n);
}
template <bool kStacks>
void* tracked_aligned_alloc(size_t alignment, size_t n) noexcept {
  return allocated_block<kStacks>(next.aligned_alloc(alignment, n), n);
}
template <bool kStacks>
void* tracked_valloc(size_t n) noexcept {
  return allocated_block<kStacks>(next.valloc(n), n);
}
template <bool kStacks>
void* tracked_pvalloc(size_t n) noexcept {
  return allocated_block<kStacks>(next.pvalloc(n), (n + 4095) & ~size_t{4095});
}
template <bool kStacks>
int tracked_posix_memalign(void** block, size_t alignment, size_t n) noexcept {
  const int rc = next.posix_memalign(block, alignment, n);
  if (rc == 0) allocated_block<kStacks>(*block, n);
  return rc;
}

// The table has the block all the time, wherever it lies.
template <bool kStacks, class Resize>
[[gnu::always_inline]] inline void* resized(void* block, size_t n, Resize resize) {
  core::MovingBlock moving;
  const uint32_t task = core::this_thread.task;
  if (core::recording_is_ours()) moving = core::begin_move(address_of(block), task);
  void* now = resize();
  if (now == nullptr) {
    // Of no bytes: it was freed, as glibc does it.
    if (n != 0) return core::move_failed(moving, task), now;
    core::move_left(moving, task);
    block_gone<kStacks>(core::bytes_before(moving));
  } else if (now == block && moving.address != 0) {
    core::move_stayed(moving, n, stack_here<kStacks>(n));
    level_changed<kStacks>(in_table(n) - static_cast<int64_t>(core::bytes_before(moving)));
  } else {
    core::move_left(moving, task);
    block_gone<kStacks>(core::bytes_before(moving));
    allocated_block<kStacks>(now, n);
  }
  return now;
}

template <bool kStacks>
void* tracked_realloc(void* block, size_t n) noexcept {
  return resized<kStacks>(block, n, [&] { return next.realloc(block, n); });
}
// libc's own would come back to the hook of realloc, and the block be entered twice. An overflow is
// left to it: that fails whatever the product is, and must not look like a free.
template <bool kStacks>
void* tracked_reallocarray(void* block, size_t n, size_t size) noexcept {
  size_t bytes = 0;
  if (__builtin_mul_overflow(n, size, &bytes)) return next.reallocarray(block, n, size);
  return resized<kStacks>(block, bytes, [&] { return next.realloc(block, bytes); });
}

// Before the allocator has it back: afterwards the address may be another thread's.
template <bool kStacks>
void tracked_free(void* block) noexcept {
  if (core::recording_is_ours()) block_gone<kStacks>(core::clear_block(address_of(block)));
  next.free(block);
}

template <bool kStacks>
void take_over() {
  real.malloc = tracked_malloc<kStacks>;
  real.calloc = tracked_calloc<kStacks>;
  real.realloc = tracked_realloc<kStacks>;
  real.reallocarray = tracked_reallocarray<kStacks>;
  real.memalign = tracked_memalign<kStacks>;
  real.aligned_alloc = tracked_aligned_alloc<kStacks>;
  real.posix_memalign = tracked_posix_memalign<kStacks>;
  real.valloc = tracked_valloc<kStacks>;
  real.pvalloc = tracked_pvalloc<kStacks>;
  real.free = tracked_free<kStacks>;
}

bool hooks_come_first() {
  for (const char* name : {"malloc", "calloc", "realloc", "free"})
    if (!comes_first(name)) return false;
  return true;
}

wire::BlocksState take_over_allocator() {
  if (!hooks_come_first()) return wire::BlocksState::not_ours;
  if (core::wants_blocks(core::options))
    return track_allocator() ? wire::BlocksState::kept : wire::BlocksState::no_room;
  return sample_allocator(core::wanted_sample_period(core::options)) ? wire::BlocksState::sampled
                                                                     : wire::BlocksState::no_room;
}

}  // namespace

bool track_allocator() {
  if (!core::start_block_table()) return false;
  if (core::options.alloc_stacks && !core::start_heap_sites()) return false;
  coroutines_at_thread_end = core::at_thread_end;
  core::at_thread_end = [] {
    if (coroutines_at_thread_end != nullptr) coroutines_at_thread_end();
    drop_allocation_stacks();
    if (core::recording_is_ours()) core::tell_heap_level();
  };
  next = real;
  if (core::options.alloc_stacks)
    take_over<true>();
  else
    take_over<false>();
  return true;
}

void given_back_elsewhere(void* block) {
  sampled_block_given_back(block);
  if (next.free == nullptr || !core::recording_is_ours()) return;
  const uint64_t bytes = core::clear_block(address_of(block));
  if (core::options.alloc_stacks) block_gone<true>(bytes);
}

void start_allocations() {
  if (!core::wants_blocks(core::options) && core::wanted_sample_period(core::options) == 0) return;
  const auto* allocates = reinterpret_cast<const void*>(real.malloc);
  const wire::BlocksState state = take_over_allocator();
  if (state == wire::BlocksState::kept || state == wire::BlocksState::sampled)
    follow_mappings(allocates);
  core::recording.header->blocks.store(state, std::memory_order_release);
}

}  // namespace track::capture
