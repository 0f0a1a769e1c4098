// `track profile`: where tasks, memory, waiting and time are, as a profile.
#include <cmath>
#include <filesystem>
#include <memory>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/verbs/profile_output.h"
#include "cli/verbs/profile_source.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

constexpr double kMostSeconds = 24 * 3600;

struct VerbSettings {
  std::string type, target, by;
  double seconds = 0;
  bool timed = false, all_waits = false, only_locks = false;
  ProfileSettings profile;
  ProfileOutput output;
};

void check_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > kMostSeconds)
    throw Error("--seconds: more than 0, and at most 86400 (a day)");
}

void profile(VerbSettings& settings) {
  const ProfileType& type = profile_type(settings.type);
  if (settings.timed) check_seconds(settings.seconds);
  if (!settings.by.empty() && !type.tasks)
    throw Error("--by is for tasks, threads and coroutines: samples of " + std::string(type.name) +
                " have one stack");
  if (settings.by == "where") settings.profile.stacks = analyze::TaskStacks::where;
  if (settings.by == "site") settings.profile.stacks = analyze::TaskStacks::site;
  if (settings.all_waits && settings.only_locks)
    throw Error("--all and --locks contradict each other");
  if ((settings.all_waits || settings.only_locks) && !type.waits)
    throw Error(std::string(settings.all_waits ? "--all" : "--locks") +
                " is for block and contention");
  if (settings.all_waits) settings.profile.waits = WaitScope::everything;
  if (settings.only_locks) settings.profile.waits = WaitScope::locks;
  check_profile_output(settings.output);
  const Profile made = settings.timed
                           ? profile_change(settings.target, type, settings.profile,
                                            static_cast<uint64_t>(settings.seconds * 1e9))
                           : profile_of(settings.target, type, settings.profile);
  const std::string stem =
      std::string(type.name) + "." +
      base_name(std::filesystem::path(settings.target + "/").lexically_normal().parent_path());
  write_profile(made, settings.output, stem, settings.timed);
}

}  // namespace

void add_profile(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<VerbSettings>();
  CLI::App* verb =
      app.add_subcommand("profile", "tasks, leaks, memory, waiting as a pprof profile");
  verb->add_option("TYPE", settings->type, profile_type_names())->required();
  verb->add_option("TARGET", settings->target,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  CLI::Option* seconds = verb->add_option("--seconds", settings->seconds,
                                          "what changes within so long, of a running process");
  verb->add_option("--by", settings->by,
                   "stacks of tasks: stack (where each is, and who created it), where, or site "
                   "(only who created it)")
      ->check(CLI::IsMember({"stack", "where", "site"}));
  verb->add_flag("--all", settings->all_waits,
                 "of block: I/O, sleeps and other waits for the world outside too");
  verb->add_flag("--locks", settings->only_locks,
                 "of block and contention: waits for locks alone, not for conditions, semaphores, "
                 "joins, where idle threads wait");
  add_symbol_flags(*verb, settings->profile.symbols);
  add_pause_flag(*verb, settings->profile.symbols);
  verb->add_option("--suppressions", settings->profile.judge.suppressions,
                   "of leaks: file of findings to leave out");
  add_profile_output(*verb, settings->output, "pprof");
  verb->callback([settings, seconds, &exit_code] {
    settings->timed = seconds->count() != 0;
    profile(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
