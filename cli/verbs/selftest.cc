// `track selftest`: proves on this very machine that what is planted is found, that its twin
// without the defect is not, and measures what being tracked costs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/model/error.h"
#include "cli/model/finding.h"
#include "cli/model/words.h"
#include "cli/verbs/load.h"
#include "cli/verbs/places.h"
#include "cli/verbs/planted.h"
#include "cli/verbs/supervisor.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"

namespace track::verbs {
namespace {

struct SelftestSettings {
  bool without_library = false;
  std::string only;
  int rounds = 5;
  OutputSettings output;
};

// What must be found, at least so surely; `grows`: over three looks at a process that goes on.
struct Planted {
  Rule rule;
  Evidence least;
  const char* options;
  bool memory = false;
  bool grows = false;
};
constexpr Planted kPlanted[] = {
    {Rule::deadlock, Evidence::proved, ""},
    {Rule::stuck_task, Evidence::proved, ""},
    {Rule::orphaned_coroutine, Evidence::proved, ""},
    {Rule::unjoined_thread, Evidence::proved, ""},
    {Rule::outlived_task, Evidence::suspected, ""},
    {Rule::lock_held_at_exit, Evidence::proved, ""},
    {Rule::lock_order, Evidence::suspected, ""},
    {Rule::lock_across_await, Evidence::suspected, ""},
    {Rule::pool_exhausted, Evidence::proved, ""},
    {Rule::leaked_memory, Evidence::likely, "alloc=exact:", true},
    {Rule::growing_tasks, Evidence::suspected, "", false, true},
    {Rule::growing_memory, Evidence::suspected, "alloc=exact:", false, true},
};

struct Cost {
  const char* what;
  const char* title;
};
constexpr Cost kCosts[] = {
    {"lock", "lock and unlock a mutex"},    {"malloc", "malloc and free"},
    {"coroutine", "a coroutine's life"},    {"hand-over", "hand over by a condition"},
    {"thread", "create and join a thread"},
};

class Selftest {
 public:
  explicit Selftest(const SelftestSettings& settings)
      : settings_(settings),
        library_(settings.without_library ? "" : find_library()),
        planted_(find_planted()),
        page_(text_options(settings.output, STDOUT_FILENO)) {}

  int run() {
    for (const Planted& planted : kPlanted)
      if (settings_.only.empty() || settings_.only == rule_name(planted.rule)) check(planted);
    if (rules_ == 0)
      throw Error("`" + settings_.only + "` is no rule; see: track selftest, without --only");
    if (settings_.only.empty() && !settings_.without_library) measure();
    conclude();
    if (!settings_.output.json.empty())
      write::write_file(
          settings_.output.json,
          write::dump_json(
              {{"schema_version", 1}, {"ok", failed_ == 0}, {"rules", rows_}, {"costs", costs_}}));
    return failed_ == 0 ? kClean : kToolError;
  }

 private:
  // In a process that was started for it and has ended.
  Report report_of(const Planted& planted, bool leak) {
    Session session(recordings_directory(""), false);
    SupervisorSettings settings;
    settings.child.file = planted_;
    settings.child.arguments = {planted_, rule_name(planted.rule), leak ? "leak" : "clean"};
    settings.child.library = library_;
    settings.child.options =
        fmt::format("{}dir={}:reader={}:keep=1", planted.options, session.path(), getpid());
    settings.symbols.memory = planted.memory;
    // A planted deadlock must not keep us for ever where nothing is seen.
    settings.timeout = std::chrono::seconds(60);
    Supervisor supervisor(
        session, settings, [](std::vector<Loaded>, const std::string&) {},
        [](const std::vector<pid_t>&, int) {});
    Outcome outcome = supervisor.run();
    if (!outcome.root_recorded) throw Error("no recording: libtrack.so was not loaded");
    return make_report(std::move(outcome.processes), {});
  }

  // In three looks at one that goes on.
  Report report_of_growth(const Planted& planted, bool leak) {
    Session session(recordings_directory(""), false);
    SteppingProgram program({rule_name(planted.rule), leak ? "leak" : "clean"}, library_,
                            fmt::format("{}dir={}:keep=1", planted.options, session.path()));
    SymbolSettings symbols;
    symbols.heap = true;
    std::vector<Loaded> looks;
    for (int look = 0; look < 4; ++look) {
      program.step();
      if (look == 0) continue;  // what is there from the beginning does not grow
      program.step();
      const auto now = load_target(std::to_string(program.pid()), symbols, false);
      if (now.size() != 1 || !now.front().report.trace.prepared)
        throw Error("no recording: libtrack.so was not loaded");
      looks.push_back(now.front());
    }
    return make_report(std::move(looks), {});
  }

  Report look(const Planted& planted, bool leak) {
    return planted.grows ? report_of_growth(planted, leak) : report_of(planted, leak);
  }

  // Empty: it is as it should be.
  std::string wrong_with(const Planted& planted) {
    bool found = false;
    for (const ProcessReport& process : look(planted, true).processes)
      for (const Finding& finding : process.findings)
        found = found || (finding.rule == planted.rule && finding.evidence >= planted.least);
    if (!found)
      return fmt::format("what was planted is not found (expected: {} at {} or better)",
                         rule_name(planted.rule), evidence_name(planted.least));
    for (const ProcessReport& process : look(planted, false).processes)
      for (const Finding& finding : process.findings)
        return fmt::format("its clean twin is accused (expected: nothing; found: {} {}: {})",
                           evidence_name(finding.evidence), rule_name(finding.rule), finding.title);
    return {};
  }

  void check(const Planted& planted) {
    std::string wrong;
    try {
      wrong = wrong_with(planted);
    } catch (const Error& error) {
      wrong = error.what();
    }
    ++rules_;
    failed_ += !wrong.empty();
    const std::string rule = rule_name(planted.rule);
    rows_.push_back({{"rule", rule}, {"ok", wrong.empty()}, {"wrong", wrong}});
    if (wrong.empty())
      say(fmt::format("ok      {:<20}found as {} or better, its clean twin is silent", rule,
                      evidence_name(planted.least)),
          write::Ink::green);
    else
      say(fmt::format("FAILED  {:<20}{}", rule, wrong), write::Ink::red);
  }

  void measure() {
    Session session(recordings_directory(""), false);
    const std::string options = "dir=" + session.path();
    say("");
    say(fmt::format("{:<28}{:>12}{:>12}{:>9}   medians of {} pairs", "", "bare", "tracked", "",
                    settings_.rounds));
    for (const Cost& cost : kCosts) {
      std::vector<double> bare, tracked, ratios;
      for (int round = 0; round < settings_.rounds; ++round) {
        bare.push_back(planted_cost(cost.what, "", ""));
        tracked.push_back(planted_cost(cost.what, library_, options));
        ratios.push_back(tracked.back() / std::max(bare.back(), 0.01));
      }
      const double before = median(bare), after = median(tracked), ratio = median(ratios);
      say(fmt::format("{:<28}{:>9.1f} ns{:>9.1f} ns{:>8.3f}x", cost.title, before, after, ratio));
      costs_.push_back(
          {{"what", cost.what}, {"bare_ns", before}, {"tracked_ns", after}, {"ratio", ratio}});
    }
  }

  static double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  }

  void conclude() {
    say("");
    if (failed_ == 0)
      say(fmt::format(
              "Detection works on this machine: {} found, and {} without the defect silent.",
              count_text(rules_, "planted defect"), count_text(rules_, "twin")),
          write::Ink::green);
    else
      say(fmt::format(
              "Detection does not work on this machine: {} of {} rules failed. Do not trust "
              "a clean report here; see: track doctor",
              failed_, rules_),
          write::Ink::red);
  }

  // At once: each takes a moment.
  void say(const std::string& text, write::Ink ink = write::Ink::plain) {
    if (settings_.output.json == "-") return;
    page_.line(page_.ink(ink, text));
    print(page_.take());
  }

  const SelftestSettings& settings_;
  std::string library_, planted_;
  write::Page page_;
  uint64_t rules_ = 0, failed_ = 0;
  write::Json rows_ = write::Json::array(), costs_ = write::Json::array();
};

}  // namespace

void add_selftest(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<SelftestSettings>();
  CLI::App* verb = app.add_subcommand(
      "selftest", "prove that detection works on this machine, and measure what it costs");
  verb->add_option("--only", settings->only, "this rule only, and no costs");
  verb->add_option("--rounds", settings->rounds, "pairs that each cost is the median of")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_flag("--without-library", settings->without_library,
                 "the negative control: nothing is tracked, so that every rule has to fail");
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] { exit_code = Selftest(*settings).run(); });
}

}  // namespace track::verbs
