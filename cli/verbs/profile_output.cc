#include "cli/verbs/profile_output.h"

#include <unistd.h>

#include <cstdio>

#include "cli/model/error.h"
#include "cli/verbs/verbs.h"
#include "cli/write/folded.h"
#include "cli/write/json.h"
#include "cli/write/legacy_profile.h"
#include "cli/write/pprof.h"
#include "cli/write/profile_text.h"
#include "cli/write/speedscope.h"

namespace track::verbs {
namespace {

size_t value_of(const Profile& profile, const std::string& name) {
  if (name.empty()) return profile.shown;
  std::string names;
  for (size_t i = 0; i < profile.value_types.size(); ++i) {
    if (profile.value_types[i].type == name) return i;
    names += (names.empty() ? "" : ", ") + profile.value_types[i].type;
  }
  throw Error("--value: this profile has no `" + name + "`; one of " + names);
}

std::string file_of(const ProfileOutput& output, const std::string& stem) {
  if (!output.file.empty()) return output.file;
  if (output.format == "pprof") return stem + ".pb.gz";
  if (output.format == "speedscope") return stem + ".speedscope.json";
  return "-";
}

std::string bytes_of(const Profile& profile, const ProfileOutput& output, size_t value,
                     bool to_stdout, bool difference) {
  if (output.format == "pprof") return write::pprof_bytes(profile);
  if (output.format == "folded") return write::folded_profile(profile, value);
  if (output.format == "speedscope") return write::speedscope_profile(profile);
  if (output.format == "legacy") return write::legacy_profile(profile);
  return write::text_profile(profile, {value, output.top, difference},
                             text_options(output.text, to_stdout ? STDOUT_FILENO : -1));
}

}  // namespace

void add_profile_output(CLI::App& verb, ProfileOutput& output, const std::string& first) {
  output.format = first;
  verb.add_option("-o,--output", output.file,
                  "file to write (- = standard output; default: TYPE.PID.pb.gz for pprof, "
                  "TYPE.PID.speedscope.json for speedscope, else standard output)");
  verb.add_option("--format", output.format, "pprof, folded, speedscope, text or legacy")
      ->check(CLI::IsMember({"pprof", "folded", "speedscope", "text", "legacy"}))
      ->capture_default_str();
  verb.add_option("--value", output.value,
                  "which value folded and text show: inuse_objects, delay, ...");
  verb.add_option("--top", output.top, "how many functions text lists; 0 = all")
      ->capture_default_str();
  verb.add_option("--color", output.text.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

void check_profile_output(const ProfileOutput& output) {
  if (output.format == "pprof" && output.file == "-" && isatty(STDOUT_FILENO) != 0)
    throw Error("a pprof file is no text for a terminal; use -o FILE, or --format text");
  write::require_writable(output.file);
}

void write_profile(const Profile& profile, const ProfileOutput& output, const std::string& stem,
                   bool difference) {
  const size_t value = value_of(profile, output.value);
  const std::string file = file_of(output, stem);
  const std::string bytes = bytes_of(profile, output, value, file == "-", difference);
  if (profile.samples.empty())
    std::fprintf(stderr, "track: the profile is empty: %s\n",
                 difference ? "nothing changed" : "there is nothing of this kind");
  if (file == "-") return print(bytes);
  write::write_file(file, bytes);
  if (output.format != "pprof") return print(file + "\n");
  print(file + ": look at it with: go tool pprof -top " + file + "\n");
}

}  // namespace track::verbs
