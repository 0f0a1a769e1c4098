#include "cli/analyze/timeline.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

HistoryEvent event(HistoryKind kind, uint32_t task, uint64_t ns, uint64_t object = 0) {
  HistoryEvent result;
  result.kind = kind;
  result.task = task;
  result.ns = ns;
  result.object = object;
  return result;
}
HistoryEvent waited(uint32_t task, uint64_t from, uint64_t to) {
  HistoryEvent result = event(HistoryKind::wait_ended, task, to, 0x1000);
  result.wait = WaitKind::mutex;
  result.duration_ns = to - from;
  return result;
}

constexpr uint64_t kSecond = 1'000'000'000;

const TimelineTrack& track_of(const Timeline& timeline, uint64_t id) {
  const auto found = std::find_if(timeline.tracks.begin(), timeline.tracks.end(),
                                  [&](const TimelineTrack& track) { return track.id == id; });
  REQUIRE(found != timeline.tracks.end());
  return *found;
}

bool nested(const TimelineTrack& track) {
  std::vector<uint64_t> open;
  uint64_t last = 0;
  for (const TimelineSlice& slice : track.slices) {
    while (!open.empty() && open.back() <= slice.start_ns) open.pop_back();
    if (slice.start_ns < last || slice.end_ns < slice.start_ns) return false;
    if (!open.empty() && slice.end_ns > open.back()) return false;
    open.push_back(slice.end_ns);
    last = slice.start_ns;
  }
  return true;
}

}  // namespace

TEST_CASE("a thread that is gone lives on in its events, with an arrow from and to others") {
  test::TraceBuilder builder;
  History& history = builder.trace.history;
  history.events = {event(HistoryKind::thread_created, 1, 2 * kSecond, 7),
                    event(HistoryKind::thread_started, 5, 2 * kSecond + 10, 7),
                    waited(5, 3 * kSecond, 4 * kSecond),
                    event(HistoryKind::thread_ended, 5, 5 * kSecond, 7),
                    event(HistoryKind::thread_joined, 1, 6 * kSecond, 5)};
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  const TimelineTrack& gone = track_of(timeline, 5);
  REQUIRE(gone.slices.size() == 2);
  CHECK(gone.slices[0].start_ns == 2 * kSecond + 10);
  CHECK(gone.slices[0].end_ns == 5 * kSecond);
  CHECK(gone.slices[1].name == "mutex");
  CHECK(gone.slices[1].start_ns == 3 * kSecond);
  const TimelineTrack& main = track_of(timeline, 1);
  REQUIRE(main.points.size() == 2);
  CHECK(main.points[0].flow_out == gone.slices[0].flow_in);
  CHECK(main.points[0].flow_out != 0);
  CHECK(main.points[1].flow_in == gone.points.back().flow_out);
  CHECK(main.points[1].flow_in != 0);
  // Main all along; the other one in between.
  const auto& live = timeline.counters.front().values;
  CHECK(live == std::vector<std::pair<uint64_t, int64_t>>{
                    {kSecond, 1}, {2 * kSecond + 10, 2}, {5 * kSecond, 1}});
}

TEST_CASE("an arrow leads from who ended a wait to who waited") {
  test::TraceBuilder builder;
  History& history = builder.trace.history;
  history.events = {waited(1, 2 * kSecond, 4 * kSecond), waited(5, 3 * kSecond, 5 * kSecond)};
  history.events[1].waker = 1;
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  const TimelineTrack &main = track_of(timeline, 1), &other = track_of(timeline, 5);
  REQUIRE(main.points.size() == 1);
  REQUIRE(other.points.size() == 1);
  CHECK(main.points[0].flow_out != 0);
  CHECK(main.points[0].flow_out == other.points[0].flow_in);
  CHECK(main.points[0].ns < other.points[0].ns);
  const auto& notes = other.slices.back().notes;
  CHECK(std::any_of(notes.begin(), notes.end(),
                    [](const auto& note) { return note.first == "ended by"; }));
}

TEST_CASE("holds lie whole on tracks below their thread's, however they were let go") {
  test::TraceBuilder builder;
  const auto held = [](uint64_t object, uint64_t from, uint64_t to) {
    HistoryEvent result = waited(1, from, to);
    result.kind = HistoryKind::lock_held;
    result.object = object;
    return result;
  };
  // Hand over hand; the third inside of the second.
  builder.trace.history.events = {held(0x10, 2 * kSecond, 4 * kSecond),
                                  held(0x30, 5 * kSecond, 6 * kSecond),
                                  held(0x20, 3 * kSecond, 7 * kSecond)};
  builder.holds(1, 0x40);
  builder.thread(1).held[0].since_ns = 8 * kSecond;
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  std::vector<const TimelineTrack*> tracks;
  for (const TimelineTrack& track : timeline.tracks)
    if (track.below != 0) tracks.push_back(&track);
  REQUIRE(tracks.size() == 2);
  CHECK(tracks[0]->below == 1);
  CHECK(tracks[0]->id != tracks[1]->id);
  CHECK(nested(*tracks[0]));
  CHECK(nested(*tracks[1]));
  REQUIRE(tracks[0]->slices.size() == 3);
  CHECK(tracks[0]->slices[2].name == "mutex 0x40");
  CHECK(tracks[0]->slices[2].start_ns == 8 * kSecond);
  CHECK(tracks[0]->slices[2].end_ns == timeline.end_ns);
  REQUIRE(tracks[1]->slices.size() == 1);
  CHECK(tracks[1]->slices[0].start_ns == 3 * kSecond);
  CHECK(tracks[1]->slices[0].end_ns == 7 * kSecond);
  // They are no threads.
  CHECK(timeline.counters.front().values.back().second == 1);
}

TEST_CASE("what was watched has a point for each look, and shows who waited for a CPU") {
  test::TraceBuilder builder;
  History& history = builder.trace.history;
  builder.trace.heap.record = HeapRecord::kept;
  history.levels = {{2 * kSecond, 5, 100}, {3 * kSecond, 7, 300}};
  history.schedule = {{2 * kSecond, 901, 0}, {3 * kSecond, 901, kSecond / 4}, {3 * kSecond, 7, 9}};
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  const auto values = [&](const std::string& name) {
    for (const TimelineCounter& counter : timeline.counters)
      if (counter.name == name) return counter.values;
    return std::vector<std::pair<uint64_t, int64_t>>();
  };
  using Values = std::vector<std::pair<uint64_t, int64_t>>;
  CHECK(values("live coroutines") == Values{{2 * kSecond, 5}, {3 * kSecond, 7}});
  CHECK(values("heap in use") == Values{{2 * kSecond, 100}, {3 * kSecond, 300}});
  CHECK(values("waits for a CPU: main (thread 1)") == Values{{3 * kSecond, 25}});
}

TEST_CASE("slices nest, whatever the clocks of several CPUs say") {
  test::TraceBuilder builder;
  History& history = builder.trace.history;
  history.events = {waited(1, 2 * kSecond, 4 * kSecond), waited(1, 3 * kSecond, 5 * kSecond),
                    waited(1, 6 * kSecond, 6 * kSecond), waited(1, kSecond / 2, 7 * kSecond)};
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  CHECK(track_of(timeline, 1).slices.size() == 5);
  CHECK(nested(track_of(timeline, 1)));
}

TEST_CASE("an arrow whose other end was overwritten is none, and what is missing is told") {
  test::TraceBuilder builder;
  History& history = builder.trace.history;
  history.events = {event(HistoryKind::thread_created, 1, 2 * kSecond, 7),
                    event(HistoryKind::thread_joined, 1, 6 * kSecond, 5)};
  history.overwritten = 12;
  history.complete_since = 2 * kSecond;
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  for (const TimelinePoint& point : track_of(timeline, 1).points)
    CHECK((point.flow_in | point.flow_out) == 0);
  REQUIRE(timeline.losses.slices.size() == 1);
  CHECK(timeline.losses.slices[0].end_ns == 2 * kSecond);
  CHECK(timeline.comments.front().find("12 older events overwritten") != std::string::npos);
}

TEST_CASE("a wait that goes on is open to the end, with its object and who holds it") {
  test::TraceBuilder builder;
  builder.add_thread();
  builder.waits(2, WaitKind::mutex, 0x2000);
  builder.thread(2).wait.owner_tid = builder.thread(1).tid;
  const Timeline timeline = analyze::build_timeline(builder.trace, {});
  const TimelineSlice& wait = track_of(timeline, 2).slices.back();
  CHECK(wait.end_ns == timeline.end_ns);
  const bool held = std::any_of(wait.notes.begin(), wait.notes.end(), [](const auto& note) {
    return note.first == "holder" && note.second.find("main") != std::string::npos;
  });
  CHECK(held);
}
