#include <charconv>
#include <csignal>

#include "cli/model/error.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"

namespace track::verbs {

void add_symbol_flags(CLI::App& verb, SymbolSettings& settings) {
  verb.add_option("--sysroot", settings.sysroot, "root directory to find the modules' files in");
  verb.add_option("--debug-dir", settings.debug_dirs,
                  "directory of separate debug files (default /usr/lib/debug)");
  verb.add_flag("--debuginfod", settings.debuginfod, "ask the servers in DEBUGINFOD_URLS");
}

void add_pause_flag(CLI::App& verb, SymbolSettings& settings) {
  verb.add_flag("--no-pause{false}", settings.pause,
                "never hold the process for a moment: stuck tasks are suspected, not proved");
  verb.add_flag("--memory", settings.memory,
                "report blocks of the heap that nothing refers to, too (leaked-memory)");
}

void add_judge_flags(CLI::App& verb, JudgeSettings& settings) {
  verb.add_option("--fail-on", settings.fail_on,
                  "RULE[:EVIDENCE],... that fail (default: every rule, likely or better)");
  verb.add_option("--suppressions", settings.suppressions,
                  "file of findings to pass over: RULE:PATTERN or created_by:PATTERN lines (also "
                  "TRACK_SUPPRESSIONS=FILE:FILE)");
  verb.add_option("--min-age", settings.min_age,
                  "leave out tasks younger than this, unless something is proved of them");
  verb.add_option("--error-exitcode", settings.error_exitcode, "exit code for findings")
      ->check(CLI::Range(1, 255))
      ->capture_default_str();
}

void add_baseline_flags(CLI::App& verb, JudgeSettings& settings) {
  auto* baseline = verb.add_option("--baseline", settings.baseline,
                                   "file of known findings: they do not fail, more of them do");
  auto* update = verb.add_flag("--update-baseline", settings.update_baseline,
                               "take out of that file what was not found any more; make it if "
                               "there is none")
                     ->needs(baseline);
  verb.add_flag("--grow-baseline", settings.grow_baseline,
                "with --update-baseline: take in what is new, too")
      ->needs(update);
}

void add_output_flags(CLI::App& verb, OutputSettings& settings) {
  verb.add_option("--json", settings.json, "write JSON to this file (- = standard output)");
  verb.add_option("--color", settings.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

void print(const std::string& text) {
  // A reader that closes the pipe early ends us with an error, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  write::write_file("-", text);
}

uint64_t parse_duration_ns(const std::string& text, const std::string& flag, uint64_t unit_ns) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, value);
  const std::string unit(number.ptr, end);
  const std::pair<const char*, uint64_t> units[] = {
      {"", unit_ns},         {"ms", 1'000'000},       {"s", 1'000'000'000},
      {"m", 60'000'000'000}, {"min", 60'000'000'000}, {"h", 3'600'000'000'000}};
  for (const auto& [name, ns] : units)
    if (number.ec == std::errc() && unit == name && value >= 0 && value < 1e9)
      return static_cast<uint64_t>(value * static_cast<double>(ns));
  throw Error(flag + ": `" + text + "` is no time; write 500ms, 2s, 5min or 1h");
}

}  // namespace track::verbs
