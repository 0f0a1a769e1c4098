#include "cli/process/unrecorded.h"

#include <algorithm>
#include <fstream>

#include "cli/model/error.h"
#include "cli/process/find_frames.h"
#include "cli/process/live_image.h"
#include "cli/process/picture.h"
#include "cli/process/stale_frames.h"

namespace track::process {
namespace {

constexpr uint64_t kMostOnSuspicion = uint64_t{64} << 20;
constexpr uint64_t kMostLookedThrough = uint64_t{2} << 30;

uint64_t resident_bytes(int32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  uint64_t size = 0, resident = 0;
  return file >> size >> resident ? resident * 4096 : 0;
}

}  // namespace

void add_mapped_modules(Trace& trace) {
  ProcessImage image;
  describe_process(trace.pid, image);
  for (Module& mapped : image.modules)
    if (std::none_of(trace.modules.begin(), trace.modules.end(), [&](const Module& known) {
          return known.unloaded == 0 && known.start < mapped.end && mapped.start < known.end;
        }))
      trace.modules.push_back(std::move(mapped));
}

Unrecorded::Unrecorded(Trace& trace, const CodeLookup& code, std::optional<bool> has_coroutines) {
  const bool seen = trace.coroutines_created != 0 || trace.untracked_coroutines != 0 ||
                    !trace.coroutines.empty() || has_coroutines.value_or(false);
  const uint64_t resident = resident_bytes(trace.pid);
  // Where nobody can say it costs a moment to see.
  const bool perhaps = !has_coroutines && resident <= kMostOnSuspicion;
  if (!trace.memory_read || (!seen && !perhaps)) return;
  if (trace.forked) {
    if (seen)
      trace.not_visible.emplace_back(
          "coroutine frames inside of larger blocks: in a fork child its parent's lie there too");
    return;
  }
  if (resident > kMostLookedThrough) {
    trace.not_visible.emplace_back(
        "coroutine frames inside of larger blocks: the process is too large to be looked through");
    return;
  }
  try {
    image_ = look_at_process(trace.pid);
  } catch (const Error&) {
    return;  // it ends just now
  }
  const std::vector<AddressRange> tracker = tracker_memory(image_, trace.tracker);
  try {
    copy_ = MemoryCopy(image_, tracker);
  } catch (const Error& error) {
    trace.not_visible.push_back(std::string("coroutine frames inside of larger blocks: ") +
                                error.what());
    return;
  }
  find_unrecorded(trace, image_, copy_.regions(), code);
}

void Unrecorded::drop_stale(Trace& trace) const {
  process::drop_stale(trace, image_, copy_.regions());
}

}  // namespace track::process
