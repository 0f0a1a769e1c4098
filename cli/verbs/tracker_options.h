// The tracker's own options (wire/options.def): as flags, and in TRACK_OPTIONS.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace track::verbs {

struct TrackerOptions {
  std::map<std::string, std::string> given;

  std::string text() const;                  // "key=value:key=value" of those given
  bool says(const std::string& name) const;  // here, or in the environment's TRACK_OPTIONS
  // Throws Error when one of these, or of the environment's TRACK_OPTIONS, is no option or has a
  // value that is none.
  void check() const;
};

void add_tracker_flags(CLI::App& verb, TrackerOptions& options);

// "key=value:key=value"; `where` names it in the message.
void check_option_text(const std::string& text, const std::string& where);

}  // namespace track::verbs
