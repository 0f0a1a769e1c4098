#include "libtrack/core/sample_table.h"

#include <sys/mman.h>

#include "libtrack/core/heap_sites.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/sampler.h"
#include "libtrack/core/sys.h"

namespace track::core {

SampleFilter sample_filter;

namespace {

using wire::Sample;
using wire::SectionKind;

constexpr uint64_t kProbes = 64;

Sample* slots;
unsigned home_shift;
uint64_t slot_mask;
uint64_t sample_period;
// How far from the place of its hash an entry ever was: a search goes no further, and needs no
// marks where entries were taken out.
std::atomic<uint8_t>* reach;

uint64_t home_of(uint64_t address) {
  return sample_hash(address) >> home_shift;
}

void count_in_filter(uint64_t address, int change) {
  std::atomic<uint8_t>& place =
      sample_filter.count[sample_hash(address) >> (64 - kSampleFilterBits)];
  uint8_t now = place.load(std::memory_order_relaxed);
  while (now != 255 && !place.compare_exchange_weak(now, static_cast<uint8_t>(now + change),
                                                    std::memory_order_relaxed)) {
  }
}

void add_to_estimate(uint64_t bytes) {
  wire::HeapEstimate& heap = recording.header->heap;
  const uint64_t now = heap.bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  uint64_t peak = heap.peak_bytes.load(std::memory_order_relaxed);
  while (now > peak) {
    if (!heap.peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) continue;
    heap.peak_ticks.store(sys::ticks(), std::memory_order_relaxed);
    return;
  }
}

bool enter(const TakenSample& sample) {
  const uint64_t home = home_of(sample.address);
  for (uint64_t distance = 0; distance < kProbes; ++distance) {
    Sample& slot = slots[(home + distance) & slot_mask];
    if (!reserve(&slot, sizeof slot)) break;
    uint64_t empty = 0;
    if (slot.address.load(std::memory_order_relaxed) != 0 ||
        !slot.address.compare_exchange_strong(empty, wire::kSampleClaimed,
                                              std::memory_order_acquire))
      continue;
    slot.bytes = sample.bytes;
    slot.ticks = sample.ticks;
    slot.stack = sample.stack;
    slot.task = sample.task;
    uint8_t far = reach[home].load(std::memory_order_relaxed);
    while (far < distance + 1 &&
           !reach[home].compare_exchange_weak(far, static_cast<uint8_t>(distance + 1),
                                              std::memory_order_relaxed)) {
    }
    count_in_filter(sample.address, 1);
    slot.address.store(sample.address, std::memory_order_release);
    add_to_estimate(estimate_of(sample.bytes, sample_period).bytes);
    return true;
  }
  count(lost().blocks);
  return false;
}

}  // namespace

bool start_sample_table(uint64_t period) {
  const uint64_t room = section_capacity<Sample>(SectionKind::samples);
  if (period == 0 || room < 2 || !start_heap_sites()) return false;
  const unsigned bits = 63 - static_cast<unsigned>(__builtin_clzll(room));
  slots = section_start<Sample>(SectionKind::samples);
  home_shift = 64 - bits;
  slot_mask = (uint64_t{1} << bits) - 1;
  reach = static_cast<std::atomic<uint8_t>*>(allocate(slot_mask + 1));
  if (reach == nullptr) return false;
  section_used(SectionKind::samples).store(slot_mask + 1, std::memory_order_relaxed);
  sys::call(SYS_madvise, sys::as_long(&sample_filter), sizeof sample_filter, MADV_WIPEONFORK);
  recording.header->heap.period = sample_period = period;
  return true;
}

void restart_sample_table_after_fork() {
  wire::HeapEstimate& heap = recording.header->heap;
  heap.bytes.store(0, std::memory_order_relaxed);
  heap.peak_bytes.store(0, std::memory_order_relaxed);
  heap.peak_ticks.store(0, std::memory_order_relaxed);
}

void add_sample(uint64_t address, uint64_t bytes, uint32_t stack, uint32_t task) {
  const Estimate estimate = estimate_of(bytes, sample_period);
  add_to_heap_site(stack, estimate.objects, estimate.bytes);
  enter({address, bytes, sys::ticks(), stack, task});
}

TakenSample remove_sample(uint64_t address) {
  const uint64_t home = home_of(address);
  const uint64_t far = reach[home].load(std::memory_order_relaxed);
  for (uint64_t distance = 0; distance < far; ++distance) {
    Sample& slot = slots[(home + distance) & slot_mask];
    if (!reserve(&slot, sizeof slot)) break;
    if (slot.address.load(std::memory_order_relaxed) != address) continue;
    const TakenSample taken{address, slot.bytes, slot.ticks, slot.stack, slot.task};
    count_in_filter(address, -1);
    slot.address.store(0, std::memory_order_release);
    recording.header->heap.bytes.fetch_sub(estimate_of(taken.bytes, sample_period).bytes,
                                           std::memory_order_relaxed);
    return taken;
  }
  return {};
}

void restore_sample(const TakenSample& sample) {
  if (sample.address != 0) enter(sample);
}

}  // namespace track::core
