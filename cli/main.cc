// The command `track`: wiring, exit codes, and the one catch.
#include <cstdio>
#include <exception>

#include "cli/verbs/verbs.h"

#ifndef TRACK_VERSION
#define TRACK_VERSION "0"
#endif

namespace {

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  // Help and version come this way too, with exit code 0.
  if (error.get_exit_code() == 0) return app.exit(error);
  std::fprintf(stderr, "track: %s; see track --help\n", error.what());
  return track::verbs::kToolError;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"track: leaked threads and coroutines, deadlocks, and what every task is doing"};
  app.name("track");
  app.set_version_flag("--version", "track " TRACK_VERSION);
  app.require_subcommand(1);
  int exit_code = track::verbs::kToolError;
  track::verbs::add_run(app, exit_code);
  track::verbs::add_check(app, exit_code);
  track::verbs::add_ps(app, exit_code);
  track::verbs::add_leaks(app, exit_code);
  track::verbs::add_hang(app, exit_code);
  track::verbs::add_info(app, exit_code);
  track::verbs::add_doctor(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "track: %s\n", error.what());
    return track::verbs::kToolError;
  }
  return exit_code;
}
