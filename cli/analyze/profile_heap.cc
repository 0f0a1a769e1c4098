#include "cli/analyze/profile_heap.h"

#include "cli/model/profile_builder.h"

namespace track::analyze {

std::optional<Profile> profile_heap(const Trace& trace, const Symbols& symbols) {
  if (trace.heap.record != HeapRecord::kept) return std::nullopt;
  ProfileBuilder builder(trace, symbols, "heap");
  Profile& profile = builder.profile();
  profile.value_types = {{"alloc_objects", "count"},
                         {"alloc_space", "bytes"},
                         {"inuse_objects", "count"},
                         {"inuse_space", "bytes"}};
  profile.shown = 3;
  profile.period_type = {"space", "bytes"};
  profile.period = 1;
  profile.comments.push_back(
      "every block in use is counted; what was freed is not recorded: alloc_objects and "
      "alloc_space are 0");
  for (const HeapSite& site : trace.heap.sites) {
    const auto count = static_cast<int64_t>(site.count),
               bytes = static_cast<int64_t>(site.block_bytes);
    builder.add(builder.stack(site.allocated_at), {{"bytes", "", bytes, "bytes"}},
                {0, 0, count, count * bytes});
  }
  return builder.finish();
}

}  // namespace track::analyze
