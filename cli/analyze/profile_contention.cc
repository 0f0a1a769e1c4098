#include "cli/analyze/profile_contention.h"

#include <algorithm>

#include "cli/analyze/contention.h"
#include "cli/model/finding.h"
#include "cli/model/profile_builder.h"

namespace track::analyze {
namespace {

// As a tag that need not be quoted: "rwlock_read".
std::string kind_tag(WaitKind kind) {
  std::string tag;
  for (const char c : std::string(wait_kind_name(kind)))
    if (c == ' ')
      tag += '_';
    else if (c != '(' && c != ')')
      tag += c;
  return tag;
}

std::optional<Profile> profile(const Trace& trace, const Symbols& symbols, ContentionRole role,
                               const char* type) {
  if (!trace.prepared) return std::nullopt;
  ProfileBuilder builder(trace, symbols, type);
  Profile& profile = builder.profile();
  profile.value_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile.shown = 1;
  profile.period_type = {"contentions", "count"};
  profile.period = 1;
  profile.duration_ns = trace.taken_ns > trace.start_ns ? trace.taken_ns - trace.start_ns : 0;
  const bool all = std::any_of(trace.contention.begin(), trace.contention.end(),
                               [](const Contention& cost) { return !synchronizes(cost.kind); });
  profile.comments.push_back(
      role == ContentionRole::waiter
          ? "charged to where threads waited; every wait that blocked is counted"
          : "charged to where a lock was let go or a waiter woken: waiting time times the waiters");
  if (role == ContentionRole::waiter)
    profile.comments.push_back(
        all ? "with I/O, sleeps and other waits for the world outside; without --all these are "
              "left out"
            : "waits for other threads only (locks, conditions, semaphores, futexes, joins); --all "
              "adds I/O and sleeps. Only locks: -tagfocus=kind=mutex");
  if (trace.contention_lost != 0)
    profile.comments.push_back("lost: " + std::to_string(trace.contention_lost) +
                               " waits were not added up: too many different ones");
  for (const Contention& cost : trace.contention) {
    if (cost.role != role || (cost.count == 0 && cost.total_ns == 0)) continue;
    std::vector<ProfileLabel> labels{text_label("kind", kind_tag(cost.kind))};
    const auto symbol = symbols.objects.find(cost.object);
    if (cost.object != 0 && symbol != symbols.objects.end())
      labels.push_back(text_label("lock", symbol->second));
    std::vector<uint32_t> stack = builder.stack(cost.stack);
    if (stack.empty())
      stack = {builder.line(role == ContentionRole::holder ? "(unlock not seen)" : "(unknown)")};
    builder.add(std::move(stack), std::move(labels),
                {static_cast<int64_t>(cost.count), static_cast<int64_t>(cost.total_ns)});
  }
  return builder.finish();
}

}  // namespace

std::optional<Profile> profile_block(const Trace& trace, const Symbols& symbols) {
  return profile(trace, symbols, ContentionRole::waiter, "block");
}
std::optional<Profile> profile_contention(const Trace& trace, const Symbols& symbols) {
  return profile(trace, symbols, ContentionRole::holder, "contention");
}

}  // namespace track::analyze
