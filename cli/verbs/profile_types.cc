#include "cli/verbs/profile_types.h"

#include "cli/analyze/profile_contention.h"
#include "cli/analyze/profile_cpu.h"
#include "cli/analyze/profile_heap.h"
#include "cli/analyze/profile_leaks.h"
#include "cli/model/error.h"
#include "cli/verbs/cpu_outside.h"

namespace track::verbs {
namespace {

using analyze::TaskStacks;
using Built = std::optional<Profile>;

template <const char* kType>
Built tasks(const Loaded& process, TaskStacks stacks) {
  return analyze::profile_tasks(process.report.trace, process.report.symbols, kType, stacks);
}
constexpr char kTasks[] = "tasks", kThreads[] = "threads", kCoroutines[] = "coroutines";

// Of builders that need no more than the trace and its names.
template <Built (*kBuild)(const Trace&, const Symbols&)>
Built from_trace(const Loaded& process, TaskStacks) {
  return kBuild(process.report.trace, process.report.symbols);
}

Built leaks(const Loaded& process, TaskStacks) {
  return analyze::profile_leaks(process.report.trace, process.report.symbols,
                                process.report.findings);
}

// clang-format off
constexpr ProfileType kTypes[] = {
    {"tasks", "goroutine", "", tasks<kTasks>, true},
    {"threads", "", "", tasks<kThreads>, true},
    {"coroutines", "", "", tasks<kCoroutines>, true},
    {"leaks", "goroutineleak", "", leaks, false, true},
    {"heap", "", "--alloc sampled", from_trace<analyze::profile_heap>, false, false, true},
    {"allocs", "", "--alloc sampled", from_trace<analyze::profile_allocations>, false, false, true},
    {"contention", "mutex", "", from_trace<analyze::profile_contention>, false, false, false, nullptr, true},
    {"block", "", "", from_trace<analyze::profile_block>, false, false, false, nullptr, true},
    {"threadcreate", "", "", from_trace<analyze::profile_thread_creations>},
    {"cpu", "profile", "--cpu 99hz", from_trace<analyze::profile_cpu>, false, false, true, cpu_from_outside},
};
// clang-format on

}  // namespace

const ProfileType& profile_type(const std::string& name) {
  for (const ProfileType& type : kTypes)
    if (name == type.name || (*type.also != 0 && name == type.also)) return type;
  throw Error("there is no profile type `" + name + "`; one of " + profile_type_names());
}

std::string profile_type_names() {
  std::string names;
  for (const ProfileType& type : kTypes)
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

}  // namespace track::verbs
