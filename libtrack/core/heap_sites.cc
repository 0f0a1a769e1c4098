#include "libtrack/core/heap_sites.h"

namespace track::core {
namespace {

using wire::HeapDelta;
using wire::HeapSite;
using wire::SectionKind;

constexpr uint64_t kPageBytes = wire::kDeltasAThread * sizeof(HeapDelta);

HeapSite* sites;
uint64_t site_count;

void write(HeapDelta& delta, uint32_t stack, uint32_t objects, uint64_t bytes) {
  delta.stack.store(0, std::memory_order_release);
  delta.bytes.store(bytes, std::memory_order_release);
  delta.objects.store(objects, std::memory_order_release);
  delta.stack.store(stack, std::memory_order_release);
}

void add_up(HeapDelta& delta) {
  const uint32_t stack = delta.stack.load(std::memory_order_relaxed);
  if (stack == 0) return;
  add_to_heap_site(stack, delta.objects.load(std::memory_order_relaxed),
                   delta.bytes.load(std::memory_order_relaxed));
  delta.stack.store(0, std::memory_order_release);
}

}  // namespace

bool start_heap_sites() {
  sites = section_start<HeapSite>(SectionKind::heap_sites);
  site_count = section_capacity<HeapSite>(SectionKind::heap_sites);
  section_used(SectionKind::heap_sites).store(site_count, std::memory_order_relaxed);
  return site_count != 0;
}

void add_to_heap_site(uint32_t stack, uint64_t objects, uint64_t bytes) {
  if (stack >= site_count) return;
  HeapSite& site = sites[stack];
  if (!reserve(&site, sizeof site)) return count(lost().blocks);
  site.objects.fetch_add(objects, std::memory_order_relaxed);
  site.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

HeapDelta* take_heap_deltas() {
  auto& used = section_used(SectionKind::heap_deltas);
  const uint64_t room = section_capacity<HeapDelta>(SectionKind::heap_deltas);
  uint64_t at = used.load(std::memory_order_relaxed);
  do {
    if (at >= room || at + wire::kDeltasAThread > room) return nullptr;
  } while (!used.compare_exchange_weak(at, at + wire::kDeltasAThread, std::memory_order_relaxed));
  HeapDelta* deltas = section_start<HeapDelta>(SectionKind::heap_deltas) + at;
  return reserve_heap_deltas(deltas) ? deltas : nullptr;
}

bool reserve_heap_deltas(HeapDelta* deltas) {
  return reserve(deltas, kPageBytes);
}

// In this order a reader may count the old ones twice for an instant, but never loses them.
void replace_heap_delta(HeapDeltas& deltas, uint32_t stack, uint64_t bytes) {
  HeapDelta& delta = delta_of(deltas.page, stack);
  const uint32_t before = delta.stack.load(std::memory_order_relaxed);
  if (before != 0) {
    const uint32_t place = deltas.left++ % kLeavingDeltas;
    HeapDelta& leaving = deltas.page[wire::kDeltasAThread - kLeavingDeltas + place];
    add_up(leaving);
    write(leaving, before, delta.objects.load(std::memory_order_relaxed),
          delta.bytes.load(std::memory_order_relaxed));
    __builtin_prefetch(sites + before, 1);
  }
  write(delta, stack, 1, bytes);
}

}  // namespace track::core
