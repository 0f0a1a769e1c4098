#include "cli/serve/stream.h"

#include <algorithm>
#include <charconv>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/read/clock.h"
#include "cli/write/json_parts.h"
#include "cli/write/tasks.h"

namespace track::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMostQueued = 1 << 20;
constexpr size_t kMostSnapRows = 900 << 10;  // bytes
constexpr milliseconds kPace{250}, kHeartbeat{15000}, kPulse{1000};
constexpr seconds kJudgePace{5};
// At most so much of one processor goes into looking: one part in so many.
constexpr int kShare = 20;

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

Picture picture_of(const Look& look) {
  std::vector<ProcessReport> reports;
  Picture picture;
  TaskCounts counts;
  for (const Loaded& loaded : look.processes) {
    counts.add(loaded.report.trace);
    picture.taken_ns = std::max(picture.taken_ns, loaded.report.trace.taken_ns);
    const Json tasks = Json::parse(write::json_tasks({loaded.report}, {}));
    for (const Json& row : tasks["processes"][0]["tasks"]) picture.rows.push_back(row);
  }
  picture.counts = write::task_counts_json(counts);
  return picture;
}

}  // namespace

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
  Picture picture = picture_of(*taken);
  const std::lock_guard hold(mutex_);
  ++looks_;
  const RowChange change = rows_.change(picture.rows, picture.taken_ns);
  const bool counted = counts_ != picture.counts;
  counts_ = std::move(picture.counts);
  const auto now = Clock::now();
  // The page draws a curve of the counts, a value a second.
  if (!change.empty() || counted || now - said_at_ >= kPulse) {
    said_at_ = now;
    Json data{
        {"seq", log_.next()}, {"counts", counts_}, {"t_ms", read::realtime_now_ns() / 1'000'000}};
    data.update(change.json());
    log_.add(event_text("d", log_.next(), line(data)));
  }
  changed_.notify_all();
  return true;
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
    if (!look()) return;
    if (began >= judge_at_) {
      try {
        tell_judged(*target_.look(Needs::findings));
      } catch (const Error&) {
        // The next look says that it is gone.
      }
      judge_at_ =
          Clock::now() + std::max<Clock::duration>(kJudgePace, kShare * (Clock::now() - began));
    }
    const auto cost = processor_time() - before;
    std::unique_lock hold(mutex_);
    changed_.wait_for(hold, std::max<Clock::duration>(kPace, kShare * cost), [&] { return ends_; });
    if (ends_) return;
  }
}

std::string Feed::snap(const std::string& meta) const {
  size_t left_out = 0;
  const Json rows = rows_.rows(kMostSnapRows, left_out);
  Json about = Json::parse(meta);
  about["counts"] = counts_;
  if (left_out != 0)
    about["truncated"].push_back(std::to_string(left_out) + " of " + std::to_string(rows_.size()) +
                                 " rows of tasks are left out of the live view");
  const Json data{{"seq", log_.last()}, {"meta", std::move(about)}, {"tasks", {{"rows", rows}}}};
  std::string text = event_text("snap", log_.last(), line(data));
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
