// What each task did over time, for viewers: tracks of slices that nest, points in time, and arrows
// between them. Plain data; times are nanoseconds of the target's CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/model/trace.h"

namespace track {

using TimelineNotes = std::vector<std::pair<std::string, std::string>>;  // "object": "0x7f.."

struct TimelineSlice {
  uint64_t start_ns = 0;
  uint64_t end_ns = 0;
  std::string name;  // "mutex", "thread"
  TimelineNotes notes;
  StackIndex stack = 0;
  uint64_t flow_in = 0;  // an arrow ends where it begins; 0 = none
};

struct TimelinePoint {
  uint64_t ns = 0;
  std::string name;
  StackIndex stack = 0;
  uint64_t flow_out = 0;  // an arrow begins here
  uint64_t flow_in = 0;   // one ends here
};

struct TimelineSample {
  uint64_t ns = 0;
  StackIndex stack = 0;
};

struct TimelineTrack {
  uint64_t id = 0;     // unique
  uint64_t below = 0;  // id of the track that it belongs to; 0 = the process's
  TaskKind kind = TaskKind::thread;
  int32_t tid = 0;
  std::string name;
  // By start, an outer one before those inside of it; each lies wholly inside or beside another.
  std::vector<TimelineSlice> slices;
  std::vector<TimelinePoint> points;  // by time
  std::vector<TimelineSample> samples;
};

struct TimelineCounter {
  std::string name;
  std::string unit;                                  // "count", "bytes"
  std::vector<std::pair<uint64_t, int64_t>> values;  // by time
};

struct Timeline {
  int32_t pid = 0;
  std::string program;
  uint64_t start_ns = 0, end_ns = 0;
  uint64_t start_realtime_ns = 0;
  std::vector<TimelineTrack> tracks;
  std::vector<TimelineCounter> counters;
  TimelineTrack losses;  // of the process: where something is missing, and what
  std::vector<std::string> comments;
};

}  // namespace track
