#include "cli/verbs/profile_source.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>

#include "cli/analyze/contention.h"
#include "cli/analyze/growth.h"
#include "cli/model/error.h"
#include "cli/model/lock_cost.h"
#include "cli/model/profile_sum.h"
#include "cli/model/words.h"
#include "cli/process/locate.h"
#include "cli/read/clock.h"
#include "cli/verbs/load.h"

namespace track::verbs {
namespace {

bool within(WaitScope scope, WaitKind kind) {
  if (scope == WaitScope::everything) return true;
  return scope == WaitScope::locks ? owned_lock(kind) : analyze::synchronizes(kind);
}

std::vector<Loaded> load(const std::string& target, const ProfileType& type,
                         const ProfileSettings& settings) {
  SymbolSettings symbols = settings.symbols;
  symbols.heap = symbols.heap || type.heap;
  symbols.contention = symbols.contention || type.waits;
  std::vector<Loaded> processes = load_target(target, symbols, type.judged);
  for (Loaded& loaded : processes)
    std::erase_if(loaded.report.trace.contention,
                  [&](const Contention& cost) { return !within(settings.waits, cost.kind); });
  if (!type.judged) return processes;
  std::vector<Loaded> judged;
  for (ProcessReport& report : make_report(std::move(processes), settings.judge).processes)
    judged.emplace_back().report = std::move(report);
  return judged;
}

[[noreturn]] void not_recorded(const std::string& target, const ProfileType& type,
                               const std::vector<Loaded>& processes) {
  const std::string what = std::string(type.name) + ": not recorded in `" + target + "`";
  const bool prepared = std::any_of(processes.begin(), processes.end(), [](const Loaded& loaded) {
    return loaded.report.trace.prepared;
  });
  const bool allocates_itself = std::any_of(
      processes.begin(), processes.end(),
      [](const Loaded& loaded) { return loaded.report.trace.heap.record == HeapRecord::not_ours; });
  if (allocates_itself && std::string_view(type.options).starts_with("--alloc"))
    throw Error(what +
                ": the program's malloc is its own (linked into it), or another preloaded library "
                "comes first; a shared jemalloc or tcmalloc can be followed");
  const std::string options = *type.options == 0 ? "" : std::string(type.options) + " ";
  const std::string outside =
      type.outside != nullptr && processes.size() == 1 && !processes.front().report.trace.gone
          ? ", or look from outside for a while: --seconds 10"
          : "";
  throw Error(what + (prepared ? "" : ", which runs without libtrack.so") +
              "; start the program with: track run " + options + "-- CMD" + outside);
}

// A live process that records it by itself.
bool records(const std::string& target, const ProfileType& type, const ProfileSettings& settings) {
  const auto pid = static_cast<pid_t>(std::strtoul(target.c_str(), nullptr, 10));
  if (!process::find_recording(pid)) return false;
  const std::vector<Loaded> processes = load(target, type, settings);
  return type.build(processes.front(), settings.stacks).has_value();
}

Profile built(const std::string& target, const ProfileType& type, const ProfileSettings& settings,
              const std::vector<Loaded>& processes) {
  std::optional<Profile> sum;
  std::vector<std::string> without;
  for (const Loaded& loaded : processes) {
    for (const std::string& damage : loaded.report.trace.warnings)
      std::fprintf(stderr, "track: damage: %s\n", damage.c_str());
    std::optional<Profile> one = type.build(loaded, settings.stacks);
    if (!one) {
      without.push_back("not recorded in process " + std::to_string(loaded.report.trace.pid));
      continue;
    }
    if (one->time_ns == 0)
      one->time_ns = loaded.dump.taken_realtime_ns != 0 ? loaded.dump.taken_realtime_ns
                                                        : read::realtime_now_ns();
    sum = sum ? merge(*sum, *one) : std::move(*one);
  }
  if (!sum) not_recorded(target, type, processes);
  sum->comments.insert(sum->comments.end(), without.begin(), without.end());
  return std::move(*sum);
}

}  // namespace

Profile profile_of(const std::string& target, const ProfileType& type,
                   const ProfileSettings& settings) {
  return built(target, type, settings, load(target, type, settings));
}

Profile profile_change(const std::string& target, const ProfileType& type,
                       const ProfileSettings& settings, uint64_t duration_ns) {
  std::error_code error;
  if (!all_digits(target) || std::filesystem::exists(target, error))
    throw Error("--seconds needs a running process: `" + target +
                "` is none; for what changed between two files: track diff A B");
  if (type.judged)
    throw Error("--seconds: who leaked before and still does would count as nothing; leave it out");
  if (type.outside != nullptr && !records(target, type, settings))
    return type.outside(static_cast<pid_t>(std::strtoul(target.c_str(), nullptr, 10)),
                        settings.symbols, duration_ns);
  const std::vector<Loaded> before = load(target, type, settings);
  const Profile first = built(target, type, settings, before);
  std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns));
  const std::string changed = "the process " + target + " that was looked at first ";
  std::vector<Loaded> after;
  try {
    after = load(target, type, settings);
  } catch (const Error& gone) {
    throw Error(changed + "cannot be seen " + duration_text(duration_ns) +
                " later: " + gone.what());
  }
  if (!analyze::same_process(before.front().report.trace, after.front().report.trace))
    throw Error(changed +
                "was replaced by another one meanwhile; two processes are compared by: "
                "track diff A B");
  return subtract(built(target, type, settings, after), first);
}

}  // namespace track::verbs
