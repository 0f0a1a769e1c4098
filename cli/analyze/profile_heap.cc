#include "cli/analyze/profile_heap.h"

#include <cmath>
#include <cstdio>

#include "cli/model/profile_builder.h"
#include "cli/model/sampling.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, share < 0.01 ? "%.2g %%" : "%.0f %%", share * 100);
  return text;
}

// Whole samples estimated one by one: the sizes of one stack may differ.
std::vector<std::string> how_estimated(const HeapTable& heap) {
  std::string bound = "a leak of N bytes, of whatever blocks, is missed with odds exp(-N/" +
                      std::to_string(heap.period) + "): ";
  for (const uint64_t times : {1, 3, 6})
    bound += (times == 1 ? "" : ", ") + bytes_text(times * heap.period) + " " +
             percent(missed(times * heap.period, heap.period));
  return {"sampled: one sample every " + bytes_text(heap.period) + " (" +
              std::to_string(heap.period) + " bytes) on average, " +
              count_text(heap.samples, "sample") +
              " in use; values are estimates: each sample counts as 1/(1-exp(-size/period)) blocks",
          bound, "the most in use at a time was about " + bytes_text(heap.peak_bytes)};
}

std::optional<Profile> profile_of_heap(const Trace& trace, const Symbols& symbols, const char* type,
                                       size_t shown) {
  const HeapTable& heap = trace.heap;
  const bool sampled = heap.record == HeapRecord::sampled;
  if (!sampled && heap.record != HeapRecord::kept) return std::nullopt;
  ProfileBuilder builder(trace, symbols, type);
  Profile& profile = builder.profile();
  profile.value_types = {{"alloc_objects", "count"},
                         {"alloc_space", "bytes"},
                         {"inuse_objects", "count"},
                         {"inuse_space", "bytes"}};
  profile.shown = shown;
  profile.period_type = {"space", "bytes"};
  profile.period = sampled ? static_cast<int64_t>(heap.period) : 1;
  if (sampled) {
    profile.comments = how_estimated(heap);
  } else {
    profile.comments.emplace_back("every block is counted, none is estimated");
    if (heap.peak_bytes != 0 && !heap.allocated.empty())
      profile.comments.push_back("the most in use at a time was " + bytes_text(heap.peak_bytes) +
                                 ", to within 64 KiB for each thread");
    if (heap.allocated.empty() && heap.blocks != 0)
      profile.comments.emplace_back(
          "stacks were not kept (alloc_stacks=0): alloc_objects and alloc_space are 0");
  }
  for (const HeapOrigin& origin : heap.allocated)
    builder.add(builder.stack(origin.allocated_at), {},
                {static_cast<int64_t>(origin.objects), static_cast<int64_t>(origin.bytes), 0, 0});
  for (const HeapSite& site : heap.sites) {
    const double blocks = static_cast<double>(site.count) *
                          blocks_a_sample(site.block_bytes, sampled ? heap.period : 0);
    const auto bytes = static_cast<int64_t>(site.block_bytes);
    builder.add(
        builder.stack(site.allocated_at), {{"bytes", "", bytes, "bytes"}},
        {0, 0, std::llround(blocks), std::llround(blocks * static_cast<double>(site.block_bytes))});
  }
  if (heap.mappings != 0)
    profile.comments.push_back("in it " + count_text(heap.mappings, "mapping") +
                               " that the program made itself (mmap), " +
                               bytes_text(heap.mapped_bytes) + ": label kind");
  if (heap.reserved_bytes != 0)
    profile.comments.push_back(
        "not in it: " + bytes_text(heap.reserved_bytes) +
        " that the program mapped without access (PROT_NONE), whatever became of that later");
  // Exact in both modes; what was mapped and unmapped again is not kept.
  for (const HeapMappings& mapped : heap.mapped) {
    const auto count = static_cast<int64_t>(mapped.count),
               bytes = static_cast<int64_t>(mapped.bytes);
    builder.add(builder.stack(mapped.mapped_at),
                {{"bytes", "", bytes, "bytes"},
                 text_label("kind", mapped.kind == MappingKind::file ? "mmap of a file" : "mmap")},
                {count, count * bytes, count, count * bytes});
  }
  return builder.finish();
}

}  // namespace

std::optional<Profile> profile_heap(const Trace& trace, const Symbols& symbols) {
  return profile_of_heap(trace, symbols, "heap", 3);
}

std::optional<Profile> profile_allocations(const Trace& trace, const Symbols& symbols) {
  return profile_of_heap(trace, symbols, "allocs", 1);
}

}  // namespace track::analyze
