// `track top`: tasks, waits and leaks in a terminal, again and again.
// Built into the library of cli/top/, which is above the other verbs.
#include "cli/top/top.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/model/words.h"
#include "cli/serve/targets.h"
#include "cli/top/browser.h"
#include "cli/top/plain.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

constexpr std::chrono::milliseconds kGrace{500}, kLeastInterval{100};

struct TopSettings {
  serve::WhatToServe what;
  std::string interval = "2s", view, by, filter, sort;
  bool once = false;
  OutputSettings output;
};

std::optional<top::View> view_of(const std::string& name) {
  if (name == "waits") return top::View::waits;
  if (name == "leaks") return top::View::leaks;
  if (name == "tasks") return top::View::tasks;
  return std::nullopt;
}

write::GroupBy group_of(const std::string& name) {
  if (name == "site") return write::GroupBy::site;
  if (name == "stack") return write::GroupBy::stack;
  return name == "state" ? write::GroupBy::state : write::GroupBy::nothing;
}

// A directory's recordings together; all else as `track serve` takes it.
std::shared_ptr<serve::Served> target_of(const serve::WhatToServe& what) {
  std::error_code error;
  if (!std::filesystem::is_directory(what.target, error)) return serve::Targets(what).find("");
  serve::TargetName name;
  name.id = name.target = what.target;
  name.live = true;
  return std::make_shared<serve::Served>(name, what.symbols, what.judge, false);
}

std::string title_of(const serve::TargetName& name) {
  if (name.pid == 0) return name.target + (name.program.empty() ? "" : " (" + name.program + ")");
  std::string text = fmt::format("pid {}", name.pid);
  if (!name.program.empty()) text += " (" + name.program + ")";
  return name.live ? text : text + ", as recorded in " + name.target;
}

// The columns have the names that the screen shows.
top::Order order_of(const std::string& sort, const top::Table& table) {
  if (sort.empty()) return {};
  std::string names;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& title = table.columns[i].title;
    if (CLI::detail::to_lower(title) == CLI::detail::to_lower(sort))
      return {static_cast<int>(i), false};
    names += (names.empty() ? "" : ", ") + title;
  }
  throw Error("--sort: there is no column `" + sort + "`; one of " + names);
}

void print_once(serve::Target& target, const TopSettings& settings) {
  const std::optional<top::View> only = view_of(settings.view);
  const write::TextOptions options = text_options(settings.output, STDOUT_FILENO);
  std::string text;
  const auto add = [&](const char* title, top::Table table) {
    top::filter_rows(table, settings.filter);
    const top::Order order =
        only || settings.sort.empty() ? order_of(settings.sort, table) : top::Order();
    text += "\n" + top::plain_text(title, std::move(table), order, options);
  };
  if (!settings.sort.empty() && !only)
    throw Error("--sort is by a column of one table; say --view tasks, waits or leaks, too");
  for (const auto& [view, title] : {std::pair{top::View::tasks, "tasks"},
                                    {top::View::waits, "waits"},
                                    {top::View::leaks, "leaks"}}) {
    if (only && *only != view) continue;
    const auto look = target.look(top::needs_of(view));
    if (text.empty()) text = title_of(target.name()) + ": " + top::counts_line(*look) + "\n";
    if (view == top::View::tasks) {
      top::Changes changes;
      changes.add(*look);
      add(title, top::task_table(look, group_of(settings.by), changes));
    } else {
      add(title, view == top::View::waits ? top::wait_table(look) : top::leak_table(look));
    }
  }
  print(text);
}

bool full_screen() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
         *terminal != 0 && std::string(terminal) != "dumb";
}

void watch(serve::Target& target, const TopSettings& settings) {
  const std::chrono::nanoseconds interval(
      parse_duration_ns(settings.interval, "--interval", 1'000'000'000));
  if (interval < kLeastInterval) throw Error("--interval: 100ms is the shortest");
  const write::TextOptions options = text_options(settings.output, STDOUT_FILENO);
  std::string gone, last;
  top::Sampler sampler(target, interval);
  {
    top::Screen screen(options.colour);
    top::Browser browser(screen, sampler, title_of(target.name()), options);
    browser.set(group_of(settings.by), settings.filter);
    gone = browser.run(view_of(settings.view).value_or(top::View::tasks));
    if (const auto& tasks = browser.seen().of(serve::Needs::tasks)) last = top::counts_line(*tasks);
    if (const auto& judged = browser.seen().of(serve::Needs::findings))
      last += "; " + count_text(top::findings_of(*judged), "finding");
  }
  if (!gone.empty())
    print(title_of(target.name()) + " is gone: " + gone + "\nas last seen: " + last + "\n");
  // A look that takes long holds nobody up; it leaves nothing behind in the process.
  if (sampler.ends_within(kGrace)) return;
  std::fflush(stdout);
  _exit(kClean);
}

void top_verb(const TopSettings& settings) {
  const std::shared_ptr<serve::Served> served = target_of(settings.what);
  if (settings.once || !full_screen())
    print_once(served->target, settings);
  else
    watch(served->target, settings);
}

}  // namespace

void add_top(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<TopSettings>();
  CLI::App* verb =
      app.add_subcommand("top", "tasks, waits and leaks in a terminal, again and again");
  verb->add_option("TARGET", settings->what.target,
                   "PID (prepared or not), recording, directory of recordings, dump or core file")
      ->required();
  verb->add_flag("--once", settings->once,
                 "print them as text and end; so too where there is no terminal");
  verb->add_option("--interval", settings->interval, "time between two looks (default 2s)");
  verb->add_option("--view", settings->view, "tasks, waits or leaks first; with --once: only that")
      ->check(CLI::IsMember({"tasks", "waits", "leaks"}));
  verb->add_option("--by", settings->by, "tasks together by site, stack or state")
      ->check(CLI::IsMember({"site", "stack", "state"}));
  verb->add_option("--filter", settings->filter, "only rows with these letters");
  verb->add_option("--sort", settings->sort, "with --once: by this column of --view");
  verb->add_option("--suppressions", settings->what.judge.suppressions,
                   "file of findings to leave out");
  verb->add_option("--color", settings->output.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  add_symbol_flags(*verb, settings->what.symbols);
  verb->callback([settings, &exit_code] {
    top_verb(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
