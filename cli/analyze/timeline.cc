#include "cli/analyze/timeline.h"

#include <algorithm>
#include <map>

#include "cli/analyze/contention.h"
#include "cli/model/await_chain.h"
#include "cli/model/finding.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kMostCoroutines = 2000, kMostDelays = 50;
constexpr uint64_t kFiberTracks = uint64_t{1} << 33, kCoroutineTracks = uint64_t{1} << 34;
constexpr uint64_t kLockTracks = uint64_t{1} << 48;

class Builder {
 public:
  Builder(const Trace& trace, const Symbols& symbols)
      : trace_(trace), symbols_(symbols), history_(trace.history) {
    timeline_.pid = trace.pid;
    timeline_.program = trace.program;
    timeline_.start_ns = trace.start_ns;
    timeline_.end_ns = std::max(trace.taken_ns, trace.start_ns + 1);
    timeline_.start_realtime_ns = trace.start_realtime_ns;
    for (const HistoryEvent& event : history_.events)
      timeline_.end_ns = std::max(timeline_.end_ns, event.ns);
  }

  Timeline build() {
    for (const Thread& thread : trace_.threads) begin(thread);
    for (const HistoryEvent& event : history_.events) add(event);
    for (const Thread& thread : trace_.threads) add_open_wait(thread);
    for (const Thread& thread : trace_.threads) add_open_holds(thread);
    finish_threads();
    for (const Fiber& fiber : trace_.fibers) add(fiber);
    add_coroutines();
    count_threads();
    count_levels();
    add_delays();
    tell_losses();
    return std::move(timeline_);
  }

 private:
  struct Task {
    TimelineTrack track;
    uint64_t start = 0, end = 0;  // 0 = not known, or not over
    uint64_t last = 0;            // something was seen of it
    uint64_t flow = 0;            // from its creator
    StackIndex created_at = 0;
    bool known = false;  // in the table of threads
    Schedule schedule;
    std::vector<TimelineSlice> waits, holds;
  };

  Task& task(uint32_t id) {
    Task& task = tasks_[id];
    task.track.id = id;
    if (task.track.name.empty()) task.track.name = "thread " + std::to_string(id);
    return task;
  }

  void begin(const Thread& thread) {
    Task& own = task(thread.id);
    own.known = true;
    own.track.tid = thread.tid;
    if (thread.main || !thread.name.empty())
      own.track.name = (thread.main ? "main" : thread.name) + " (" + own.track.name + ")";
    own.start = thread.started_ns != 0 ? thread.started_ns : thread.created_ns;
    own.end = thread.ended_ns;
    own.created_at = thread.created_at;
    own.schedule = thread.schedule;
  }

  void add(const HistoryEvent& event) {
    Task& own = task(event.task);
    own.last = std::max(own.last, event.ns);
    if (event.tid > 0) own.track.tid = event.tid;
    switch (event.kind) {
      case HistoryKind::thread_created: {
        const uint64_t flow = ++flows_;
        own.track.points.push_back({event.ns, "creates a thread", event.stack, flow, 0});
        created_[event.object] = {flow, event.stack};
        break;
      }
      case HistoryKind::thread_started: {
        own.start = event.ns;
        const auto creation = created_.find(event.object);
        if (creation == created_.end()) break;
        own.flow = creation->second.first;
        if (own.created_at == 0) own.created_at = creation->second.second;
        created_.erase(creation);
        break;
      }
      case HistoryKind::thread_ended:
        own.end = event.ns;
        own.track.points.push_back({event.ns, "ends", 0, end_flow(event.task), 0});
        break;
      case HistoryKind::thread_joined: {
        const auto joined = static_cast<uint32_t>(event.object);
        const auto flow = ends_.find(joined);
        own.track.points.push_back({event.ns, "joined thread " + std::to_string(joined), 0, 0,
                                    flow == ends_.end() ? 0 : flow->second});
        if (flow != ends_.end()) ends_.erase(flow);
        break;
      }
      case HistoryKind::thread_detached:
        own.track.points.push_back(
            {event.ns, "detached thread " + std::to_string(event.object), 0, 0, 0});
        break;
      case HistoryKind::wait_ended:
        own.waits.push_back(wait(event.wait, event.object,
                                 event.ns - std::min(event.duration_ns, event.ns), event.ns,
                                 event.stack));
        if (event.waker != 0 && event.waker != event.task) add_waker(event);
        break;
      case HistoryKind::lock_held:
        own.holds.push_back(hold(event.wait, event.object,
                                 event.ns - std::min(event.duration_ns, event.ns), event.ns));
        note_place(own.holds.back(), "let go at", event.stack);
        break;
      case HistoryKind::cpu_sample:
        own.track.samples.push_back({event.ns, event.stack});
        break;
      case HistoryKind::forked:
        own.track.points.push_back({event.ns, "forks", event.stack, 0, 0});
        break;
      case HistoryKind::exiting:
        own.track.points.push_back({event.ns, "process exits", event.stack, 0, 0});
        break;
      case HistoryKind::lock_lost:
        own.track.points.push_back(
            {event.ns, "ends holding " + object_name(event.object), event.stack, 0, 0});
        break;
    }
  }

  void add_waker(const HistoryEvent& event) {
    Task& waker = task(event.waker);
    waker.last = std::max(waker.last, event.ns);
    const uint64_t flow = ++flows_;
    Task& woken = task(event.task);
    woken.waits.back().notes.emplace_back("ended by", waker.track.name);
    // Before, and be it by a nanosecond: viewers tell the arrow's direction by that.
    waker.track.points.push_back({event.ns - 1, "lets " + woken.track.name + " go on", 0, flow, 0});
    woken.track.points.push_back({event.ns, "goes on, thanks to " + waker.track.name, 0, 0, flow});
  }

  uint64_t end_flow(uint32_t id) { return ends_[id] = ++flows_; }

  std::string object_name(uint64_t object) const {
    const auto known = symbols_.objects.find(object);
    return known != symbols_.objects.end() ? known->second : hex_text(object);
  }

  TimelineSlice wait(WaitKind kind, uint64_t object, uint64_t start, uint64_t end,
                     StackIndex stack) const {
    TimelineSlice slice{start, end, wait_kind_name(kind), {}, stack, 0};
    if (object != 0) slice.notes.emplace_back("object", object_name(object));
    note_place(slice, "where", stack);
    return slice;
  }

  void note_place(TimelineSlice& slice, const char* what, StackIndex stack) const {
    const auto [known, fresh] = places_.try_emplace(stack);
    if (fresh) known->second = where_text(trace_, symbols_, stack);
    if (!known->second.empty()) slice.notes.emplace_back(what, known->second);
  }

  TimelineSlice hold(WaitKind kind, uint64_t object, uint64_t start, uint64_t end) const {
    const std::string name = wait_kind_name(kind) + (" " + object_name(object));
    return {start, end, name, {{"held", duration_text(end - start)}}, 0, 0};
  }

  void add_open_holds(const Thread& thread) {
    for (const Held& held : thread.held) {
      if (held.since_ns == 0) continue;
      TimelineSlice slice = hold(lock_kind(held.sort), held.object, held.since_ns,
                                 std::max(timeline_.end_ns, held.since_ns));
      slice.notes.emplace_back("open", "it was held when this was written");
      note_place(slice, "taken at", held.taken_at);
      task(thread.id).holds.push_back(std::move(slice));
    }
  }

  void add_open_wait(const Thread& thread) {
    if (thread.state != TaskState::blocked || thread.wait.since_ns == 0) return;
    TimelineSlice slice = wait(thread.wait.kind, thread.wait.object, thread.wait.since_ns,
                               timeline_.end_ns, thread.wait.stack);
    slice.notes.emplace_back("open", "it had not ended when this was written");
    for (const Thread& other : trace_.threads)
      if (thread.wait.owner_tid != 0 && other.tid == thread.wait.owner_tid)
        slice.notes.emplace_back("holder", thread_text(other));
    task(thread.id).waits.push_back(std::move(slice));
  }

  // Waits do not overlap but where a signal handler waits inside of one; what clocks disagree about
  // is cut.
  static void nest(uint64_t start, uint64_t end, std::vector<TimelineSlice>& inner,
                   TimelineTrack& track) {
    std::sort(inner.begin(), inner.end(), [](const TimelineSlice& a, const TimelineSlice& b) {
      return a.start_ns != b.start_ns ? a.start_ns < b.start_ns : a.end_ns > b.end_ns;
    });
    std::vector<uint64_t> open = {end};
    for (TimelineSlice& slice : inner) {
      slice.start_ns = std::clamp(slice.start_ns, start, end);
      while (open.size() > 1 && open.back() <= slice.start_ns) open.pop_back();
      slice.end_ns = std::clamp(slice.end_ns, slice.start_ns, open.back());
      open.push_back(slice.end_ns);
      track.slices.push_back(std::move(slice));
    }
  }

  // Locks are let go in any order: each goes to the first of the task's lock tracks where it lies
  // inside or beside the others, so that none is cut.
  void add_lock_tracks(uint64_t start, uint64_t end, Task& own) {
    std::sort(own.holds.begin(), own.holds.end(),
              [](const TimelineSlice& a, const TimelineSlice& b) {
                return a.start_ns != b.start_ns ? a.start_ns < b.start_ns : a.end_ns > b.end_ns;
              });
    std::vector<TimelineTrack> tracks;
    std::vector<std::vector<uint64_t>> open;  // ends of what is open there
    for (TimelineSlice& slice : own.holds) {
      slice.start_ns = std::clamp(slice.start_ns, start, end);
      slice.end_ns = std::clamp(slice.end_ns, slice.start_ns, end);
      size_t at = 0;
      for (; at < tracks.size(); ++at) {
        while (!open[at].empty() && open[at].back() <= slice.start_ns) open[at].pop_back();
        if (open[at].empty() || slice.end_ns <= open[at].back()) break;
      }
      if (at == tracks.size()) {
        TimelineTrack& track = tracks.emplace_back();
        track.id = kLockTracks + (own.track.id << 8) + at;
        track.below = own.track.id;
        track.name = own.track.name + (at == 0 ? ": locks" : ": locks, more");
        open.emplace_back();
      }
      open[at].push_back(slice.end_ns);
      tracks[at].slices.push_back(std::move(slice));
    }
    for (TimelineTrack& track : tracks) timeline_.tracks.push_back(std::move(track));
  }

  void finish_threads() {
    for (auto& [id, own] : tasks_) {
      if (id == 0) continue;
      uint64_t start = own.start != 0 ? own.start : timeline_.start_ns;
      uint64_t end = own.end != 0 ? own.end : own.known ? timeline_.end_ns : own.last;
      start = std::clamp(start, timeline_.start_ns, timeline_.end_ns);
      end = std::clamp(end, start, timeline_.end_ns);
      TimelineSlice life{start, end, "thread", {}, own.created_at, own.flow};
      const std::string where = where_text(trace_, symbols_, own.created_at);
      if (!where.empty()) life.notes.emplace_back("created at", where);
      if (own.schedule.known) {
        life.notes.emplace_back("on a CPU", duration_text(own.schedule.cpu_ns));
        life.notes.emplace_back("waited for a CPU", duration_text(own.schedule.queue_ns));
      }
      own.track.slices.push_back(std::move(life));
      nest(start, end, own.waits, own.track);
      for (TimelinePoint& point : own.track.points) point.ns = std::clamp(point.ns, start, end);
      std::stable_sort(own.track.points.begin(), own.track.points.end(),
                       [](const TimelinePoint& a, const TimelinePoint& b) { return a.ns < b.ns; });
      names_[id] = own.track.name;
      timeline_.tracks.push_back(own.track);
      add_lock_tracks(start, end, own);
    }
    drop_loose_arrows();
  }

  // An arrow has two ends, or is none.
  void drop_loose_arrows() {
    std::map<uint64_t, int> ends;
    const auto each = [&](auto use) {
      for (TimelineTrack& track : timeline_.tracks) {
        for (TimelineSlice& slice : track.slices) use(slice.flow_in);
        for (TimelinePoint& point : track.points) {
          use(point.flow_in);
          use(point.flow_out);
        }
      }
    };
    each([&](uint64_t flow) { ++ends[flow]; });
    each([&](uint64_t& flow) {
      if (ends[flow] != 2) flow = 0;
    });
  }

  void add(const Fiber& fiber) {
    TimelineTrack track;
    track.id = track_of(TaskKind::fiber, fiber.id);
    track.kind = TaskKind::fiber;
    track.name = "fiber " + std::to_string(fiber.id);
    const uint64_t start = std::clamp(fiber.created_ns, timeline_.start_ns, timeline_.end_ns);
    track.slices.push_back({start, timeline_.end_ns, "fiber", {}, fiber.created_at, 0});
    std::vector<TimelineSlice> inner;
    if (fiber.switched_ns != 0) {
      TimelineSlice now{fiber.switched_ns,
                        timeline_.end_ns,
                        task_state_name(fiber.state),
                        {},
                        fiber.suspended_at,
                        0};
      if (fiber.state == TaskState::running)
        now.notes.emplace_back("on", "thread " + std::to_string(fiber.thread));
      now.notes.emplace_back("switched to", count_text(fiber.switches, "time"));
      inner.push_back(std::move(now));
    }
    nest(start, timeline_.end_ns, inner, track);
    timeline_.tracks.push_back(std::move(track));
  }

  void add_coroutines() {
    size_t shown = 0;
    for (const Coroutine& coroutine : trace_.coroutines) {
      if (++shown > kMostCoroutines) break;
      TimelineTrack track;
      track.id = track_of(TaskKind::coroutine, coroutine.id);
      track.kind = TaskKind::coroutine;
      std::string function = "coroutine";
      if (coroutine.function != 0 && coroutine.function < trace_.functions.size())
        function = trace_.functions[coroutine.function];
      track.name = "coroutine " + std::to_string(coroutine.id) + ": " + function;
      const uint64_t start = std::clamp(coroutine.created_ns, timeline_.start_ns, timeline_.end_ns);
      TimelineSlice life{start, timeline_.end_ns, function, {}, coroutine.created_at, 0};
      life.notes.emplace_back("state", task_state_name(coroutine.state));
      const std::string where = await_text(trace_, coroutine.await_point);
      if (!where.empty()) life.notes.emplace_back("where", where);
      track.slices.push_back(std::move(life));
      timeline_.tracks.push_back(std::move(track));
    }
    if (trace_.coroutines.size() > kMostCoroutines)
      timeline_.comments.push_back("tracks of " + std::to_string(kMostCoroutines) + " of " +
                                   std::to_string(trace_.coroutines.size()) + " live coroutines");
  }

  void count_threads() {
    TimelineCounter counter{"live threads", "count", {}};
    std::vector<std::pair<uint64_t, int>> changes;
    for (const TimelineTrack& track : timeline_.tracks) {
      if (track.kind != TaskKind::thread || track.below != 0 || track.slices.empty()) continue;
      changes.emplace_back(track.slices.front().start_ns, 1);
      if (track.slices.front().end_ns < timeline_.end_ns)
        changes.emplace_back(track.slices.front().end_ns, -1);
    }
    std::sort(changes.begin(), changes.end());
    int64_t live = 0;
    for (const auto& [ns, change] : changes) {
      live += change;
      if (!counter.values.empty() && counter.values.back().first == ns)
        counter.values.back().second = live;
      else
        counter.values.emplace_back(ns, live);
    }
    timeline_.counters.push_back(std::move(counter));
  }

  // One point each, or as many as there were looks while the process was watched.
  void count_levels() {
    TimelineCounter coroutines{"live coroutines", "count", {}}, heap{"heap in use", "bytes", {}};
    for (const Level& level : history_.levels) {
      coroutines.values.emplace_back(level.ns, static_cast<int64_t>(level.coroutines));
      heap.values.emplace_back(level.ns, static_cast<int64_t>(level.heap_bytes));
    }
    if (history_.levels.empty()) {
      coroutines.values.emplace_back(timeline_.end_ns,
                                     static_cast<int64_t>(trace_.coroutines.size()));
      heap.values.emplace_back(timeline_.end_ns, static_cast<int64_t>(trace_.heap.bytes));
    }
    timeline_.counters.push_back(std::move(coroutines));
    if (trace_.heap.record == HeapRecord::kept || trace_.heap.record == HeapRecord::sampled)
      timeline_.counters.push_back(std::move(heap));
  }

  // The thread that had the tid then; 0 = none that is known.
  uint32_t task_of(int32_t tid, uint64_t ns) const {
    uint32_t found = 0;
    for (const auto& [id, own] : tasks_)
      if (own.track.tid == tid && own.start <= ns && (own.end == 0 || own.end >= ns)) found = id;
    return found;
  }

  // The kernel counts a wait when it is over: it may be of longer ago.
  static int64_t percent(uint64_t part, uint64_t whole) {
    return static_cast<int64_t>(std::min<uint64_t>(part * 100 / whole, 100));
  }

  // How much of the time since the look before each thread was ready and had no CPU. Of those that
  // waited the longest.
  void add_delays() {
    struct Delay {
      uint64_t ns = 0, queue_ns = 0, first_queue_ns = 0;
      TimelineCounter counter;
    };
    std::map<uint32_t, Delay> delays;
    for (const ScheduleLevel& level : history_.schedule) {
      const uint32_t id = task_of(level.tid, level.ns);
      if (id == 0) continue;
      const auto [entry, fresh] = delays.try_emplace(id);
      Delay& delay = entry->second;
      if (fresh) delay.first_queue_ns = level.queue_ns;
      if (!fresh && level.ns > delay.ns && level.queue_ns >= delay.queue_ns)
        delay.counter.values.emplace_back(
            level.ns, percent(level.queue_ns - delay.queue_ns, level.ns - delay.ns));
      delay.ns = level.ns;
      delay.queue_ns = level.queue_ns;
    }
    std::vector<std::pair<uint64_t, uint32_t>> longest;
    for (const auto& [id, delay] : delays)
      if (const uint64_t waited = delay.queue_ns - delay.first_queue_ns; waited != 0)
        longest.emplace_back(waited, id);
    std::sort(longest.rbegin(), longest.rend());
    if (longest.size() > kMostDelays) {
      timeline_.comments.push_back("waiting for a CPU: of the " + std::to_string(kMostDelays) +
                                   " of " + std::to_string(longest.size()) +
                                   " threads that waited the longest");
      longest.resize(kMostDelays);
    }
    for (const auto& [waited, id] : longest) {
      TimelineCounter& counter = delays[id].counter;
      counter.name = "waits for a CPU: " + names_[id];
      counter.unit = "%";
      timeline_.counters.push_back(std::move(counter));
    }
  }

  void tell_losses() {
    timeline_.losses.name = "losses";
    const auto tell = [&](uint64_t until, const std::string& text) {
      timeline_.comments.push_back(text);
      timeline_.losses.points.push_back({until, text, 0, 0, 0});
    };
    if (history_.overwritten != 0) {
      const uint64_t until =
          std::clamp(history_.complete_since, timeline_.start_ns, timeline_.end_ns);
      timeline_.losses.slices.push_back(
          {timeline_.start_ns, until, "older events overwritten", {}, 0, 0});
      timeline_.comments.push_back(
          count_text(history_.overwritten, "older event") + " overwritten: before " +
          duration_text(until - timeline_.start_ns) + " after the start not all is shown");
      timeline_.losses.slices.back().notes.emplace_back("overwritten", timeline_.comments.back());
    }
    if (history_.lost != 0)
      tell(timeline_.end_ns, count_text(history_.lost, "event") + " lost: there was no room");
    if (history_.unreadable != 0)
      tell(timeline_.end_ns, count_text(history_.unreadable, "event") + " could not be read");
  }

  const Trace& trace_;
  const Symbols& symbols_;
  const History& history_;
  Timeline timeline_;
  std::map<uint32_t, Task> tasks_;
  mutable std::unordered_map<StackIndex, std::string> places_;
  std::map<uint32_t, std::string> names_;  // of those that have a track
  uint64_t flows_ = 0;
  std::map<uint64_t, std::pair<uint64_t, StackIndex>> created_;  // by slot: not started yet
  std::map<uint32_t, uint64_t> ends_;  // flows from ended tasks, not joined yet
};

}  // namespace

uint64_t track_of(TaskKind kind, uint64_t task) {
  return kind == TaskKind::fiber       ? kFiberTracks + task
         : kind == TaskKind::coroutine ? kCoroutineTracks + task
                                       : task;
}

Timeline build_timeline(const Trace& trace, const Symbols& symbols) {
  return Builder(trace, symbols).build();
}

}  // namespace track::analyze
