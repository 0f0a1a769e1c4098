#include "cli/serve/profile_source.h"

#include <optional>

#include "cli/analyze/growth.h"
#include "cli/model/error.h"
#include "cli/model/profile_sum.h"
#include "cli/read/clock.h"

namespace track::serve {
namespace {

std::optional<Profile> sum_of(const Look& look, const verbs::ProfileType& type) {
  std::optional<Profile> sum;
  for (const Loaded& loaded : look.processes) {
    std::optional<Profile> one = type.build(loaded, analyze::TaskStacks::both);
    if (!one) continue;
    if (one->time_ns == 0)
      one->time_ns = loaded.dump.taken_realtime_ns != 0 ? loaded.dump.taken_realtime_ns
                                                        : read::realtime_now_ns();
    sum = sum ? merge(*sum, *one) : std::move(*one);
  }
  return sum;
}

}  // namespace

Profile profile_of(const Look& look, const verbs::ProfileType& type) {
  if (std::optional<Profile> sum = sum_of(look, type)) return std::move(*sum);
  throw Error(std::string(type.name) +
              " is not recorded in this process; start it with: track run " + type.options +
              (*type.options == 0 ? "" : " ") + "-- CMD");
}

Needs needs_of(const verbs::ProfileType& type) {
  if (type.judged) return Needs::findings;
  if (type.heap) return Needs::memory;
  return type.waits ? Needs::waits : Needs::tasks;
}

Profile profile_now(Target& target, const verbs::ProfileType& type) {
  return profile_of(*target.look(needs_of(type)), type);
}

Profile profile_change(Target& target, const verbs::ProfileType& type, std::chrono::seconds time,
                       const Stop& stop) {
  const auto before = target.look(needs_of(type));
  std::optional<Profile> first = sum_of(*before, type);
  if (!first && type.outside != nullptr && target.name().live)
    return type.outside(target.name().pid, target.symbols(),
                        static_cast<uint64_t>(std::chrono::nanoseconds(time).count()));
  if (!first) return profile_of(*before, type);
  if (stop.wait_for(time)) throw Error("track serve ends");
  const auto after = target.look(needs_of(type));
  if (before->processes.empty() || after->processes.empty() ||
      !analyze::same_process(before->processes.front().report.trace,
                             after->processes.front().report.trace))
    throw Error("the process was replaced by another one meanwhile");
  return subtract(profile_of(*after, type), *first);
}

}  // namespace track::serve
