#include "cli/read/samples.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "cli/model/sampling.h"
#include "libtrack/wire/mappings.h"
#include "libtrack/wire/samples.h"

namespace track::read {
namespace {

using wire::SectionKind;

constexpr uint64_t kAtOnce = uint64_t{1} << 15;  // entries a read

// use(index, entry) for every entry of a section; false: some could not be read.
template <class Entry, class Use>
bool each_entry(const Image& image, SectionKind kind, Use use) {
  const SectionView& section = image.section(kind);
  std::vector<Copy<Entry>> entries(std::min(kAtOnce, section.used));
  for (uint64_t first = 0; first < section.used; first += kAtOnce) {
    const uint64_t n = std::min(kAtOnce, section.used - first);
    if (!image.bytes().read(section.offset + first * sizeof(Entry), entries.data(),
                            n * sizeof(Entry)))
      return false;
    for (uint64_t i = 0; i < n; ++i) use(first + i, *entries[i]);
  }
  return true;
}

template <class T>
T now(const std::atomic<T>& value) {
  return value.load(std::memory_order_relaxed);
}

uint64_t rounded(double value) {
  return value < 0 ? 0 : value > 1e18 ? uint64_t{1} << 60 : static_cast<uint64_t>(value + 0.5);
}

}  // namespace

void read_samples(Image& image, const StackOf& stack_of, bool sites, Trace& trace) {
  HeapTable& heap = trace.heap;
  const wire::HeapEstimate& estimate = image.header().heap;
  heap.period = std::clamp<uint64_t>(estimate.period, 1, wire::kLargestSamplePeriod);
  heap.peak_bytes = now(estimate.peak_bytes);
  if (const uint64_t ticks = now(estimate.peak_ticks); ticks != 0)
    heap.peak_ns = image.to_ns(ticks);
  std::map<std::pair<uint32_t, uint64_t>, uint64_t> counts;
  const bool all = each_entry<wire::Sample>(
      image, SectionKind::samples, [&](uint64_t, const wire::Sample& sample) {
        if (sample.address.load(std::memory_order_acquire) <= wire::kSampleClaimed) return;
        ++counts[{sample.stack, sample.bytes}];
      });
  if (!all) trace.warnings.emplace_back("the samples of heap blocks could not be read");
  double blocks = 0, bytes = 0;
  heap.samples = 0;
  for (const auto& [key, count] : counts) {
    const double stands_for = blocks_a_sample(key.second, heap.period) * static_cast<double>(count);
    blocks += stands_for;
    bytes += stands_for * static_cast<double>(key.second);
    heap.samples += count;
    if (sites) heap.sites.push_back({stack_of(key.first), key.second, count});
  }
  heap.blocks = rounded(blocks);
  heap.bytes = rounded(bytes);
}

void read_mappings(Image& image, const StackOf& stack_of, bool sites, Trace& trace) {
  HeapTable& heap = trace.heap;
  heap.mappings = heap.mapped_bytes = heap.reserved_bytes = 0;
  std::map<std::tuple<uint32_t, uint64_t, wire::MappingKind>, uint64_t> counts;
  const bool all = each_entry<wire::Mapping>(
      image, SectionKind::mappings, [&](uint64_t, const wire::Mapping& mapping) {
        if (mapping.address.load(std::memory_order_acquire) <= wire::kMappingClaimed) return;
        if (mapping.kind == wire::MappingKind::reserved) {
          heap.reserved_bytes += mapping.bytes;
          return;
        }
        ++heap.mappings;
        heap.mapped_bytes += mapping.bytes;
        ++counts[{mapping.stack, mapping.bytes, mapping.kind}];
      });
  if (!all) trace.warnings.emplace_back("the program's own mappings could not be read");
  if (!sites) return;
  for (const auto& [key, count] : counts) {
    const auto& [stack, bytes, kind] = key;
    heap.mapped.push_back(
        {stack_of(stack), bytes, count,
         kind == wire::MappingKind::file ? MappingKind::file : MappingKind::memory});
  }
}

void read_origins(Image& image, const StackOf& stack_of, Trace& trace) {
  struct Sum {
    uint64_t objects = 0, bytes = 0;
  };
  std::unordered_map<uint32_t, Sum> sums;
  bool all = each_entry<wire::HeapSite>(image, SectionKind::heap_sites,
                                        [&](uint64_t stack, const wire::HeapSite& site) {
                                          if (now(site.bytes) == 0 && now(site.objects) == 0)
                                            return;
                                          Sum& sum = sums[static_cast<uint32_t>(stack)];
                                          sum.objects += now(site.objects);
                                          sum.bytes += now(site.bytes);
                                        });
  all &= each_entry<wire::HeapDelta>(
      image, SectionKind::heap_deltas, [&](uint64_t, const wire::HeapDelta& delta) {
        const uint32_t stack = delta.stack.load(std::memory_order_acquire);
        if (stack == 0) return;
        Sum& sum = sums[stack];
        sum.objects += now(delta.objects);
        sum.bytes += now(delta.bytes);
      });
  if (!all) trace.warnings.emplace_back("what was ever allocated could not be read");
  const bool sampled = trace.heap.record == HeapRecord::sampled;
  std::unordered_map<uint32_t, Sum> by_stack;  // of the trace
  for (const auto& [stack, sum] : sums) {
    Sum& whole = by_stack[stack_of(stack)];
    whole.objects += sum.objects;
    whole.bytes += sum.bytes;
  }
  for (const auto& [stack, sum] : by_stack)
    trace.heap.allocated.push_back(
        {stack, sampled ? (sum.objects + wire::kObjectUnits / 2) / wire::kObjectUnits : sum.objects,
         sum.bytes});
  std::sort(trace.heap.allocated.begin(), trace.heap.allocated.end(),
            [](const HeapOrigin& a, const HeapOrigin& b) {
              return std::pair(b.bytes, a.allocated_at) < std::pair(a.bytes, b.allocated_at);
            });
}

}  // namespace track::read
