#include "cli/push/source.h"

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"
#include "cli/model/profile_sum.h"
#include "cli/process/proc.h"
#include "cli/read/clock.h"
#include "cli/serve/profile_source.h"
#include "cli/write/pprof.h"

namespace track::push {
namespace {

constexpr const char* kDefault[] = {"tasks", "leaks", "heap", "contention", "block", "cpu"};

// As Go's profiles are called there, so that dashboards know their units.
std::string name_of(const verbs::ProfileType& type) {
  const std::string name = type.name;
  return name == "cpu"          ? "process_cpu"
         : name == "heap"       ? "memory"
         : name == "contention" ? "mutex"
                                : name;
}

bool cumulative(const verbs::ProfileType& type, const ValueType& value) {
  const std::string name = type.name;
  if (name == "heap" || name == "allocs") return value.type.starts_with("alloc_");
  return name == "cpu" || name == "contention" || name == "block" || name == "threadcreate";
}

bool any_cumulative(const verbs::ProfileType& type, const Profile& profile) {
  return std::any_of(profile.value_types.begin(), profile.value_types.end(),
                     [&](const ValueType& value) { return cumulative(type, value); });
}

// What came since; the state of a moment stays what it is now.
Profile since(const verbs::ProfileType& type, const Profile& now, Profile before) {
  for (ProfileSample& sample : before.samples)
    for (size_t i = 0; i < sample.values.size(); ++i)
      if (!cumulative(type, before.value_types[i])) sample.values[i] = 0;
  Profile change = subtract(now, before);
  for (ProfileSample& sample : change.samples)
    for (int64_t& value : sample.values) value = std::max<int64_t>(value, 0);
  std::erase_if(change.samples, [](const ProfileSample& sample) {
    return std::all_of(sample.values.begin(), sample.values.end(),
                       [](int64_t v) { return v == 0; });
  });
  return change;
}

}  // namespace

Source::Source(serve::Target& target, const std::string& names) : target_(target) {
  const auto began = serve::Clock::now();
  if (names.empty()) {
    for (const char* name : kDefault) {
      const verbs::ProfileType& type = verbs::profile_type(name);
      try {
        now(type, began);
        types_.push_back(&type);
      } catch (const Error&) {
        // It is not recorded, or gone, which the first round says.
        if (std::strcmp(name, "tasks") == 0) throw;
      }
    }
    return;
  }
  for (size_t at = 0; at <= names.size();) {
    const size_t end = std::min(names.find(',', at), names.size());
    const verbs::ProfileType& type = verbs::profile_type(names.substr(at, end - at));
    now(type, began);
    if (std::find(types_.begin(), types_.end(), &type) == types_.end()) types_.push_back(&type);
    at = end + 1;
  }
}

std::string Source::names() const {
  std::string text;
  for (const verbs::ProfileType* type : types_)
    text += (text.empty() ? "" : ", ") + std::string(type->name);
  return text;
}

Profile Source::now(const verbs::ProfileType& type, serve::Clock::time_point since,
                    uint64_t* began) const {
  // Types that need the same of a look share it.
  const auto look = target_.look(serve::needs_of(type), serve::Clock::now() - since);
  if (target_.name().live)
    if (const std::string end = serve::end_of(*look); !end.empty()) throw Error(end);
  if (began != nullptr && !look->processes.empty())
    *began = look->processes.front().report.trace.start_ns;
  return serve::profile_of(*look, type);
}

std::vector<Parcel> Source::round(const Labels& labels, bool whole) {
  const auto began = serve::Clock::now();
  std::vector<Parcel> parcels;
  uint64_t looked_ns = 0;
  for (const verbs::ProfileType* type : types_) {
    uint64_t process = 0;
    Profile profile = now(*type, began, &process);
    const auto before = before_.find(type->name);
    const bool sums = any_cumulative(*type, profile);
    const uint64_t until = profile.time_ns != 0 ? profile.time_ns : read::realtime_now_ns();
    looked_ns = std::max(looked_ns, until);
    Profile change = profile;
    // A new program in the same process has counted from nothing.
    const bool first = sums && (before == before_.end() || before->second.first != process);
    if (sums && !first) change = since(*type, profile, before->second.second);
    if (sums) before_[type->name] = {process, std::move(profile)};
    if (change.samples.empty() || (first && !whole)) continue;
    Parcel parcel;
    parcel.id = new_id();
    parcel.name = name_of(*type);
    parcel.labels = labels;
    parcel.until_ns = until;
    parcel.from_ns = change.duration_ns != 0 && change.duration_ns < until
                         ? until - change.duration_ns
                     : looked_ns_ != 0 && looked_ns_ < until ? looked_ns_
                                                             : until;
    change.time_ns = until;
    for (const ValueType& value : change.value_types)
      parcel.values.push_back({value.type, value.unit, cumulative(*type, value)});
    parcel.pprof = write::pprof_bytes(change);
    parcels.push_back(std::move(parcel));
  }
  looked_ns_ = looked_ns;
  return parcels;
}

}  // namespace track::push
