#include "cli/serve/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/process/run_time.h"
#include "cli/read/clock.h"
#include "cli/write/task_json.h"

namespace track::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMostQueued = 1 << 20;
constexpr size_t kMostSnapRows = 4 << 20;  // bytes; some 40 000 threads
constexpr milliseconds kPace{250}, kHeartbeat{15000}, kPulse{1000};
constexpr seconds kJudgePace{5};
// A process that does not run is looked at so seldom: others may yet change what it waits for.
constexpr seconds kSurely{30};
// One part in so many of a processor goes into looking, and as much into judging; of a large
// process more, so that who follows it sees it change every few seconds.
constexpr int kShare = 200, kLargestShare = 50;
constexpr seconds kLongRest{2};

// Above all numbers that a server before this one gave away.
uint64_t first_number() {
  return read::realtime_now_ns() / 1'000'000;
}

std::string line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Tasks of several processes in one list, as the counts.
struct Picture {
  Json rows = Json::array();
  Json counts;
  uint64_t taken_ns = 0;
};

// All of one process's, most often.
std::vector<Module> modules_of(const Look& look) {
  std::vector<Module> modules;
  for (const Loaded& loaded : look.processes)
    modules.insert(modules.end(), loaded.report.trace.modules.begin(),
                   loaded.report.trace.modules.end());
  return modules;
}

Picture picture_of(const Look& look, LiveStacks& stacks) {
  Picture picture;
  TaskCounts counts;
  for (const Loaded& loaded : look.processes) {
    const ProcessReport& process = loaded.report;
    const Trace& trace = process.trace;
    counts.add(trace);
    picture.taken_ns = std::max(picture.taken_ns, trace.taken_ns);
    for (const write::TaskRow& row : write::task_rows(process, {})) {
      Json& json = picture.rows.emplace_back(write::task_row_json(process, row, {}));
      json["at"] = stacks.number(trace, process.symbols, row.at);
      json["created_at"] = stacks.number(trace, process.symbols, row.created_at);
    }
  }
  picture.counts = write::task_counts_json(counts);
  return picture;
}

}  // namespace

bool LastRun::moved(int32_t pid, Clock::duration longest) {
  const auto now = Clock::now();
  const auto ran = process::run_time_ns(pid);
  if (ran && *ran == ran_ns_ && now - at_ < longest) return false;
  ran_ns_ = ran.value_or(0);
  at_ = now;
  return true;
}

Clock::duration Share::rest(std::chrono::nanoseconds cost) {
  const Clock::duration usual = std::min(cost, std::exchange(last_, cost));
  return std::min(kShare * usual, std::max<Clock::duration>(kLongRest, kLargestShare * usual));
}

Feed::Feed(Target& target) : target_(target), log_(first_number(), kMostQueued) {}

Feed::~Feed() {
  {
    const std::lock_guard hold(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  if (worker_.joinable()) worker_.join();
}

void Feed::wake() {
  const std::lock_guard hold(mutex_);
  ends_ = true;
  changed_.notify_all();
}

bool Feed::look() {
  std::shared_ptr<const Look> taken;
  std::string why;
  try {
    taken = target_.look(Needs::tasks);
    why = end_of(*taken);
  } catch (const Error& error) {
    why = error.what();
  }
  if (!why.empty()) {
    const std::lock_guard hold(mutex_);
    gone_ = why;
    changed_.notify_all();
    return false;
  }
  const std::lock_guard hold(mutex_);
  stacks_.begin(modules_of(*taken));
  Picture picture = picture_of(*taken, stacks_);
  stacks_.end();
  const RowChange change = rows_.change(picture.rows, picture.taken_ns);
  const bool counted = counts_ != picture.counts;
  counts_ = std::move(picture.counts);
  if (!change.empty() || counted) tell_counts(change);
  return true;
}

void Feed::tell_counts(const RowChange& change) {
  said_at_ = Clock::now();
  PackedRows rows(stacks_);
  // What is more than the log holds is told to nobody: who follows begins anew.
  for (const Json& row : change.upsert) rows.add(row, 2 * kMostQueued);
  log_.add(event_text("d", log_.next(),
                      fmt::format(R"({{"seq":{},"counts":{},"t_ms":{},"upsert":{},"remove":{}}})",
                                  log_.next(), line(counts_), read::realtime_now_ns() / 1'000'000,
                                  rows.take(), change.removed())));
}

void Feed::tell_judged(const Look& look) {
  const std::lock_guard hold(mutex_);
  judged_ = ",\"leaks\":" + look.leaks_json + ",\"waits\":" + look.waits_json + "}";
  log_.add(event_text("leaks", log_.next(), "{\"seq\":" + std::to_string(log_.next()) + judged_));
  changed_.notify_all();
}

std::string Feed::judge() {
  const auto look = target_.look(Needs::findings);
  tell_judged(*look);
  uint64_t findings = 0;
  for (const Loaded& loaded : look->processes)
    for (const Finding& finding : loaded.report.findings) findings += finding.suppressed_by.empty();
  return count_text(findings, "finding");
}

void Feed::work() {
  while (true) {
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [&] { return ends_ || followers_ > 0; });
      if (ends_) return;
    }
    const auto before = processor_time();
    const auto began = Clock::now();
    const int32_t pid = target_.name().pid;
    if (seen_run_.moved(pid, kSurely) && !look()) return;
    const auto cost = processor_time() - before;
    {
      const std::lock_guard hold(mutex_);
      ++looks_;  // or what amounts to one
      // The page draws a curve of the counts, a value a second.
      if (Clock::now() - said_at_ >= kPulse) tell_counts({});
      changed_.notify_all();
    }
    if (began >= judge_at_ && judged_run_.moved(pid, 2 * kSurely)) {
      try {
        tell_judged(*target_.look(Needs::findings));
      } catch (const Error&) {
        // The next look says that it is gone.
      }
      judge_at_ = Clock::now() + std::max<Clock::duration>(
                                     kJudgePace, judging_.rest(target_.last_cost(Needs::findings)));
    }
    std::unique_lock hold(mutex_);
    changed_.wait_for(hold, std::max<Clock::duration>(kPace, looking_.rest(cost)),
                      [&] { return ends_; });
    if (ends_) return;
  }
}

std::string Feed::snap(const std::string& meta) const {
  size_t left_out = 0;
  const std::string rows = rows_.rows(stacks_, kMostSnapRows, left_out);
  Json about = Json::parse(meta);
  about["counts"] = counts_;
  if (left_out != 0)
    about["truncated"].push_back(std::to_string(left_out) + " of " + std::to_string(rows_.size()) +
                                 " rows of tasks are left out of the live view");
  std::string text = event_text(
      "snap", log_.last(),
      fmt::format(R"({{"seq":{},"meta":{},"tasks":{}}})", log_.last(), line(about), rows));
  if (!judged_.empty())
    text += event_text("leaks", log_.last(), "{\"seq\":" + std::to_string(log_.last()) + judged_);
  return text;
}

void Feed::follow(const std::string& seen, const std::string& meta, const Write& write,
                  const std::function<bool()>& alive) {
  uint64_t at = 0;
  std::from_chars(seen.data(), seen.data() + seen.size(), at);
  std::unique_lock hold(mutex_);
  ++followers_;
  if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
  changed_.notify_all();
  const uint64_t joined = looks_;
  changed_.wait(hold, [&] { return ends_ || !gone_.empty() || looks_ != joined; });
  bool begun = false;
  auto said = Clock::now();
  while (!ends_) {
    std::shared_ptr<const std::string> next;
    std::string text;
    const bool follows = looks_ != 0 && at != 0 && log_.follows(at);
    if (looks_ != 0 && !follows) {
      if (begun) text = event_text("gap", log_.last(), "{}");
      text += snap(meta);
      at = log_.last();
    } else if (follows && at < log_.last()) {
      next = log_.after(at++);
    } else if (!gone_.empty()) {
      text = event_text("gone", log_.last(), line(Json{{"note", gone_}}));
    } else if (Clock::now() - said >= kHeartbeat) {
      text = ": still here\n\n";
    } else {
      changed_.wait_for(hold, kPulse);
      hold.unlock();
      const bool there = alive();
      hold.lock();
      if (!there) break;
      continue;
    }
    begun = true;
    const bool last = !next && text.starts_with("event: gone");
    hold.unlock();
    const bool good = write(next ? *next : text);
    hold.lock();
    said = Clock::now();
    if (!good || last) break;
  }
  --followers_;
}

}  // namespace track::serve
