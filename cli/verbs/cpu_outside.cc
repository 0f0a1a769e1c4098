#include "cli/verbs/cpu_outside.h"

#include "cli/analyze/profile_cpu.h"
#include "cli/model/error.h"
#include "cli/process/cpu_sampling.h"
#include "cli/read/clock.h"
#include "cli/verbs/names.h"

namespace track::verbs {
namespace {

constexpr uint64_t kPeriodNs = 1'000'000'000 / 99;

}  // namespace

Profile cpu_from_outside(pid_t pid, const SymbolSettings& settings, uint64_t duration_ns) {
  const Trace trace = process::sample_cpu(pid, kPeriodNs, duration_ns);
  SymbolSettings wanted = settings;
  wanted.heap = true;
  Names names(trace, wanted, pid);
  std::optional<Profile> profile = analyze::profile_cpu(trace, names.resolve(trace));
  if (!profile) throw Error("no CPU time was sampled");
  profile->time_ns = read::realtime_now_ns();
  return std::move(*profile);
}

}  // namespace track::verbs
