// `track diff`: what there is more of in B than in A; profiles in files, or of two targets.
#include <memory>

#include "cli/model/error.h"
#include "cli/model/profile_sum.h"
#include "cli/read/pprof.h"
#include "cli/verbs/profile_output.h"
#include "cli/verbs/profile_source.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

struct DiffSettings {
  std::string before, after, type;
  ProfileSettings profile;
  ProfileOutput output;
};

Profile side(const std::string& target, const DiffSettings& settings) {
  if (read::is_pprof(target)) return read::read_pprof(target);
  return profile_of(target, profile_type(settings.type.empty() ? "tasks" : settings.type),
                    settings.profile);
}

void diff(const DiffSettings& settings) {
  if (!settings.type.empty()) profile_type(settings.type);
  check_profile_output(settings.output);
  const Profile before = side(settings.before, settings), after = side(settings.after, settings);
  Profile change = [&] {
    try {
      return subtract(after, before);
    } catch (const Error& error) {
      throw Error(std::string(error.what()) + "; name the --type of what is no profile");
    }
  }();
  change.comments.insert(change.comments.begin(),
                         "difference: " + settings.after + " less " + settings.before);
  write_profile(change, settings.output, "diff." + change.type, true);
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<DiffSettings>();
  CLI::App* verb = app.add_subcommand("diff", "what there is more of in B than in A, by stack");
  const std::string target = "pprof file, PID, recording, directory, dump or core file";
  verb->add_option("A", settings->before, target)->required();
  verb->add_option("B", settings->after, target)->required();
  verb->add_option(
      "--type", settings->type,
      "of targets that are no pprof files: " + profile_type_names() + " (default: tasks)");
  add_symbol_flags(*verb, settings->profile.symbols);
  add_pause_flag(*verb, settings->profile.symbols);
  add_profile_output(*verb, settings->output, "text");
  verb->callback([settings, &exit_code] {
    diff(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
