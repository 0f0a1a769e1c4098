#include "libtrack/capture/sampled_allocations.h"

#include "libtrack/capture/real.h"
#include "libtrack/core/sample_table.h"
#include "libtrack/core/sampler.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

Real next;  // the allocator; of the rest nothing is used
uint64_t period;

struct Countdown {
  uint64_t left;    // bytes until the next one that is picked
  uint64_t random;  // 0: the thread has not begun
};
constinit thread_local Countdown countdown __attribute__((tls_model("initial-exec"))) = {};

uint64_t address_of(const void* block) {
  return reinterpret_cast<uint64_t>(block);
}

// None of the bytes is picked. Written only then: a handler that jumps out leaves it as it was.
[[gnu::always_inline]] inline bool passed_over(size_t bytes) {
  const uint64_t left = countdown.left;
  if (__builtin_expect(bytes > left, 0)) return false;
  countdown.left = left - bytes;
  return true;
}

bool begins_and_passes(size_t bytes) {
  if (countdown.random != 0) return false;
  countdown.random = sys::ticks() ^ reinterpret_cast<uint64_t>(&countdown) << 16;
  countdown.left = core::next_gap(countdown.random, period);
  return passed_over(bytes);
}

// One of the bytes is picked, and the block is there.
[[gnu::noinline]] void pick(void* block, size_t bytes, const core::Registers& registers) {
  if (block == nullptr || begins_and_passes(bytes)) return;
  countdown.left = core::next_gap(countdown.random, period);
  if (!core::recording_on()) return;
  const uint32_t stack = core::current_slot() != nullptr ? core::capture_stack(registers) : 0;
  core::add_sample(address_of(block), bytes, stack, core::this_thread.task);
}

// In a function that stands for the allocator's; mostly its end is a jump to the allocator.
template <class Allocate>
[[gnu::always_inline]] inline void* sampled(size_t bytes, Allocate allocate) {
  if (__builtin_expect(passed_over(bytes), 1)) return allocate();
  void* block = allocate();
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  pick(block, bytes, registers);
  return block;
}

// What overflows fails, and no number of bytes is too large for that.
size_t product(size_t n, size_t size) {
  size_t bytes = 0;
  return __builtin_mul_overflow(n, size, &bytes) ? SIZE_MAX : bytes;
}

void* sampled_malloc(size_t n) noexcept {
  return sampled(n, [n] { return next.malloc(n); });
}
void* sampled_calloc(size_t n, size_t size) noexcept {
  return sampled(product(n, size), [=] { return next.calloc(n, size); });
}
void* sampled_memalign(size_t alignment, size_t n) noexcept {
  return sampled(n, [=] { return next.memalign(alignment, n); });
}
void* sampled_aligned_alloc(size_t alignment, size_t n) noexcept {
  return sampled(n, [=] { return next.aligned_alloc(alignment, n); });
}
void* sampled_valloc(size_t n) noexcept {
  return sampled(n, [n] { return next.valloc(n); });
}
void* sampled_pvalloc(size_t n) noexcept {
  return sampled((n + 4095) & ~size_t{4095}, [n] { return next.pvalloc(n); });
}
int sampled_posix_memalign(void** block, size_t alignment, size_t n) noexcept {
  const int rc = next.posix_memalign(block, alignment, n);
  if (rc == 0) sampled(n, [block] { return *block; });
  return rc;
}

core::TakenSample taken_out(void* block) {
  const uint64_t address = address_of(block);
  if (!core::may_be_sampled(address) || !core::recording_is_ours()) return {};
  return core::remove_sample(address);
}

// Taken out before the allocator may give the place to another thread.
template <class Resize>
[[gnu::always_inline]] inline void* resized(void* block, size_t bytes, Resize resize) {
  const core::TakenSample before = taken_out(block);
  void* now = resize();
  if (now == nullptr) {
    if (bytes != 0) core::restore_sample(before);  // of no bytes: it was freed
    return nullptr;
  }
  return sampled(bytes, [now] { return now; });
}
void* sampled_realloc(void* block, size_t n) noexcept {
  return resized(block, n, [=] { return next.realloc(block, n); });
}
// libc's own would come back to the hook of realloc, and the block be counted twice. An overflow
// fails.
void* sampled_reallocarray(void* block, size_t n, size_t size) noexcept {
  size_t bytes = 0;
  if (__builtin_mul_overflow(n, size, &bytes)) return next.reallocarray(block, n, size);
  return resized(block, bytes, [=] { return next.realloc(block, bytes); });
}

[[gnu::noinline]] void free_perhaps_sampled(void* block) {
  taken_out(block);
  next.free(block);
}
void sampled_free(void* block) noexcept {
  if (__builtin_expect(core::may_be_sampled(address_of(block)), 0))
    return free_perhaps_sampled(block);
  next.free(block);
}

}  // namespace

bool sample_allocator(uint64_t wanted_period) {
  if (!core::start_sample_table(wanted_period)) return false;
  period = wanted_period;
  next = real;
  real.malloc = sampled_malloc;
  real.calloc = sampled_calloc;
  real.realloc = sampled_realloc;
  real.reallocarray = sampled_reallocarray;
  real.memalign = sampled_memalign;
  real.aligned_alloc = sampled_aligned_alloc;
  real.posix_memalign = sampled_posix_memalign;
  real.valloc = sampled_valloc;
  real.pvalloc = sampled_pvalloc;
  real.free = sampled_free;
  return true;
}

void sampled_block_given_back(void* block) {
  taken_out(block);
}

}  // namespace track::capture
