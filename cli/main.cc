// The command `track`: wiring, exit codes, and the one catch.
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "cli/model/error.h"
#include "cli/push/push.h"
#include "cli/serve/serve.h"
#include "cli/top/top.h"
#include "cli/verbs/docs.h"
#include "cli/verbs/verbs.h"

#ifndef TRACK_VERSION
#define TRACK_VERSION "0"
#endif

namespace {

std::string unexpected(const CLI::App& verb) {
  for (const std::string& word : verb.remaining())
    if (word != "--") return "track " + verb.get_name() + " knows no `" + word + "`";
  return "track " + verb.get_name() + " takes no more arguments";
}

// The library says "Could not convert: PID = foo".
std::string unconverted(std::string text) {
  constexpr std::string_view kBegin = "Could not convert: ";
  const size_t equals = text.find(" = ");
  if (text.compare(0, kBegin.size(), kBegin) != 0 || equals == std::string::npos) return text;
  const std::string name = text.substr(kBegin.size(), equals - kBegin.size());
  return name + " must be a number, and is `" + text.substr(equals + 3) + "`";
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  // Help and version come this way too, with exit code 0.
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string what = error.what();
  const auto verbs = app.get_subcommands();
  const bool extras = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (extras && !verbs.empty() && !verbs.front()->remaining().empty())
    what = unexpected(*verbs.front());
  else if (!app.remaining().empty())
    what = "there is no verb `" + app.remaining().front() + "`";
  else if (verbs.empty())
    what =
        "name a verb: run, check, attach, detach, ps, leaks, hang, locks, profile, diff, trace, "
        "dump, gen-suppressions, html, serve, top, push, info, doctor or selftest";
  else if (extras)
    what = unexpected(*verbs.front());
  else if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr)
    what = unconverted(what);
  const std::string verb = verbs.empty() ? "" : verbs.front()->get_name() + " ";
  std::fprintf(stderr, "track: %s; see track %s--help\n", what.c_str(), verb.c_str());
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
  track::verbs::add_locks(app, exit_code);
  track::verbs::add_attach(app, exit_code);
  track::verbs::add_detach(app, exit_code);
  track::verbs::add_dump(app, exit_code);
  track::verbs::add_profile(app, exit_code);
  track::verbs::add_diff(app, exit_code);
  track::verbs::add_trace(app, exit_code);
  track::verbs::add_gen_suppressions(app, exit_code);
  track::verbs::add_html(app, exit_code);
  track::verbs::add_serve(app, exit_code);
  track::verbs::add_top(app, exit_code);
  track::verbs::add_push(app, exit_code);
  track::verbs::add_info(app, exit_code);
  track::verbs::add_doctor(app, exit_code);
  track::verbs::add_selftest(app, exit_code);
  track::verbs::add_docs(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  } catch (const track::ReaderGone&) {
    return track::verbs::kToolError;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "track: %s\n", error.what());
    return track::verbs::kToolError;
  }
  return exit_code;
}
