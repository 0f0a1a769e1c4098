// `track diff`: what there is more of in B than in A; profiles in files, or of two targets.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/model/error.h"
#include "cli/model/profile_sum.h"
#include "cli/read/pprof.h"
#include "cli/verbs/profile_output.h"
#include "cli/verbs/profile_source.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

struct DiffSettings {
  std::vector<std::string> targets;  // A B; with the type before them, as `track profile` has it
  std::string before, after, type;
  ProfileSettings profile;
  ProfileOutput output;
};

Profile side(const std::string& target, const DiffSettings& settings) {
  if (read::is_pprof(target)) return read::read_pprof(target);
  return profile_of(target, profile_type(settings.type.empty() ? "tasks" : settings.type),
                    settings.profile);
}

struct DiffHelp : CLI::Formatter {
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: track diff [OPTIONS] [TYPE] A B\n";
  }
};

void name_sides(DiffSettings& settings) {
  std::vector<std::string>& targets = settings.targets;
  if (targets.size() == 3) {
    if (!settings.type.empty())
      throw Error("track diff takes two targets; these are three: `" + targets[0] + "`, `" +
                  targets[1] + "`, `" + targets[2] + "`");
    settings.type = targets[0];
    targets.erase(targets.begin());
  }
  settings.before = targets[0];
  settings.after = targets[1];
}

// Whose profile it is, as its comments tell: "process 1234: command".
std::vector<std::string> subjects(const Profile& profile) {
  std::vector<std::string> found;
  for (const std::string& comment : profile.comments)
    if (comment.starts_with("process ")) found.push_back(comment.substr(0, comment.find(':')));
  return found;
}

// What one process counted, less what another did, is no growth; to compare two runs it is right.
void tell_two_lives(Profile& change, const Profile& before, const Profile& after) {
  const std::vector<std::string> first = subjects(before), then = subjects(after);
  if (first.empty() || then.empty() ||
      std::find_first_of(first.begin(), first.end(), then.begin(), then.end()) != first.end())
    return;
  const std::string note = "two processes are compared (" + first.front() + ", " + then.front() +
                           "): the difference of two runs, not what one did meanwhile";
  change.duration_ns = 0;
  change.comments.insert(change.comments.begin(), note);
  std::fprintf(stderr, "track: %s\n", note.c_str());
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
  tell_two_lives(change, before, after);
  change.comments.insert(change.comments.begin(),
                         "difference: " + settings.after + " less " + settings.before);
  write_profile(change, settings.output, "diff." + change.type, true);
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<DiffSettings>();
  CLI::App* verb = app.add_subcommand("diff", "what there is more of in B than in A, by stack");
  verb->add_option("A B", settings->targets,
                   "two of: pprof file, PID, recording, directory, dump or core file; a type may "
                   "stand before them: track diff heap A B")
      ->required()
      ->expected(2, 3);
  verb->formatter(std::make_shared<DiffHelp>());
  verb->add_option(
      "--type", settings->type,
      "of targets that are no pprof files: " + profile_type_names() + " (default: tasks)");
  add_symbol_flags(*verb, settings->profile.symbols);
  add_pause_flag(*verb, settings->profile.symbols);
  add_profile_output(*verb, settings->output, "text");
  verb->callback([settings, &exit_code] {
    name_sides(*settings);
    diff(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
