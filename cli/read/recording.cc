#include "cli/read/recording.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "cli/model/error.h"
#include "cli/read/blocks.h"
#include "cli/read/clock.h"
#include "cli/read/image.h"
#include "libtrack/wire/ring.h"

namespace track::read {
namespace {

ProcessEnd process_end(const wire::Header& h) {
  const auto state = h.state.load(std::memory_order_acquire);
  if (state < wire::ProcessState::exiting) return ProcessEnd::unknown;
  switch (h.end_reason.load(std::memory_order_relaxed)) {
    case wire::EndReason::main_returned:
      return ProcessEnd::main_returned;
    case wire::EndReason::exit_called:
      return ProcessEnd::exit_called;
    case wire::EndReason::quick_exit:
      return ProcessEnd::quick_exit;
    case wire::EndReason::underscore_exit:
      return ProcessEnd::underscore_exit;
    case wire::EndReason::abort_called:
      return ProcessEnd::aborted;
    case wire::EndReason::none:
      break;
  }
  return ProcessEnd::unknown;
}

std::vector<std::string> split_arguments(const char* text, size_t capacity) {
  std::vector<std::string> result;
  size_t at = 0;
  while (at < capacity && text[at] != 0) {
    result.push_back(clean_text(text + at, capacity - at));
    at += result.back().size() + 1;
  }
  return result;
}

void read_lost(const wire::Lost& lost, Trace& trace) {
  const std::pair<const char*, const std::atomic<uint64_t>*> kinds[] = {
      {"events", &lost.events}, {"tasks", &lost.tasks},          {"coroutines", &lost.coroutines},
      {"stacks", &lost.stacks}, {"modules", &lost.modules},      {"held", &lost.held},
      {"waits", &lost.waits},   {"memory", &lost.memory},        {"joins", &lost.joins},
      {"fibers", &lost.fibers}, {"blocks", &lost.blocks},        {"processes", &lost.processes},
      {"labels", &lost.labels}, {"references", &lost.references}};
  for (const auto& [name, counter] : kinds)
    if (const uint64_t n = counter->load(std::memory_order_relaxed); n != 0) trace.lost[name] = n;
  if (trace.lost.count("processes") != 0)
    trace.not_visible.emplace_back(
        "processes that were forked and could not begin a recording: after giving up their user or "
        "root directory they have no way to the directory of recordings, or there was no room");
}

void read_counters(const Image& image, Trace& trace) {
  const wire::Counters& c = image.header().counters;
  trace.threads_created = c.threads_created.load(std::memory_order_relaxed);
  trace.threads_ended = c.threads_ended.load(std::memory_order_relaxed);
  trace.threads_joined = c.threads_joined.load(std::memory_order_relaxed);
  trace.threads_detached = c.threads_detached.load(std::memory_order_relaxed);
  trace.fibers_created = c.fibers_created.load(std::memory_order_relaxed);
  trace.untracked_coroutines = c.untracked_coroutines.load(std::memory_order_relaxed);
  trace.coroutines_created = c.coroutines_created_by_gone.load(std::memory_order_relaxed);
  trace.coroutines_destroyed = c.coroutines_destroyed_by_gone.load(std::memory_order_relaxed);
  for (const Thread& thread : trace.threads) {
    trace.coroutines_created += thread.coroutines_created;
    trace.coroutines_destroyed += thread.coroutines_destroyed;
  }
}

void read_rings(const Image& image, Trace& trace) {
  const SectionView& section = image.section(wire::SectionKind::rings);
  for (uint64_t i = 0; i < std::min<uint64_t>(section.capacity, 4096); ++i) {
    uint64_t head = 0;
    if (!image.bytes().read(section.offset + i * wire::kRingStride, &head, sizeof head)) return;
    if (head > uint64_t{1} << 48) continue;
    trace.events += head;
    trace.events_overwritten += head > wire::kRingEvents ? head - wire::kRingEvents : 0;
  }
}

HeapRecord heap_record(const wire::Header& h) {
  switch (h.blocks.load(std::memory_order_acquire)) {
    case wire::BlocksState::kept:
      return HeapRecord::kept;
    case wire::BlocksState::not_ours:
      return HeapRecord::not_ours;
    case wire::BlocksState::no_room:
      return HeapRecord::no_room;
    case wire::BlocksState::sampled:
      return HeapRecord::sampled;
    case wire::BlocksState::off:
      break;
  }
  return HeapRecord::off;
}

void read_header(const wire::Header& h, bool live, Trace& trace) {
  trace.program = clean_text(h.program, sizeof h.program);
  trace.command_line = split_arguments(h.command_line, sizeof h.command_line);
  trace.options = clean_text(h.options, sizeof h.options);
  trace.pid = h.pid;
  trace.parent_pid = h.parent_pid;
  trace.forked = h.fork_parent_task != 0;
  trace.attached = h.preload_origin == 1;
  if (trace.attached)
    trace.not_visible.emplace_back(
        "what was before `track attach`: who created the threads there were, the locks they held, "
        "blocks and who allocated them; and calls by addresses that the program took before");
  trace.recording = h.control.recording.load(std::memory_order_relaxed) != 0;
  trace.start_realtime_ns = h.start_realtime_ns;
  trace.start_ns = h.start_monotonic_ns;
  trace.end = process_end(h);
  trace.exit_code = h.exit_code.load(std::memory_order_relaxed);
  trace.exit_task = h.exit_task.load(std::memory_order_relaxed);
  trace.heap.record = heap_record(h);
  if (trace.heap.record == HeapRecord::not_ours)
    trace.not_visible.emplace_back(
        "heap blocks: the program's malloc is its own, or another preloaded library comes first");
  if (trace.heap.record == HeapRecord::no_room)
    trace.not_visible.emplace_back("heap blocks: there was no room for their table");
  trace.copy_began_ns = h.copy_began_ns;
  trace.copied_realtime_ns = h.copied_realtime_ns;
  if (!live && trace.copy_began_ns == 0 && trace.end == ProcessEnd::unknown &&
      h.execs.load(std::memory_order_acquire) != 0) {
    trace.superseded = true;
    trace.executed = clean_text(h.exec_program, sizeof h.exec_program);
    if (trace.executed.empty()) trace.executed = "an open file";
  }
  trace.tracker = {h.track_base, h.track_end, h.mapped_at, h.file_bytes, h.arenas};
}

}  // namespace

Trace read_recording(const Bytes& bytes, const std::string& source, bool live) {
  Trace trace;
  trace.source = source;
  Image image(bytes, source, live, trace);
  read_header(image.header(), live, trace);
  trace.file_bytes = bytes.size();
  read_scopes(image);
  read_threads(image);
  read_coroutines(image);
  read_told(image);
  read_fibers(image);
  check_scopes(image);
  read_declared(image);
  read_cpu(image);
  read_thread_origins(image);
  read_contention(image);
  read_suppressions(image);
  read_modules(image);  // last: what a stack met on the way points into is there by now
  read_counters(image, trace);
  uint64_t counted = 0;
  for (const ThreadOrigin& origin : trace.thread_origins) counted += origin.count;
  trace.unknown_origins = trace.threads_created - std::min(trace.threads_created, counted);
  read_rings(image, trace);
  read_lost(image.header().lost, trace);
  const uint64_t later = image.header().later_monotonic_ns.load(std::memory_order_relaxed);
  trace.taken_ns = live ? image.now_ns()
                        : std::max({later, image.latest_ns(), image.header().start_monotonic_ns});
  return trace;
}

Level read_level(const Bytes& bytes) try {
  Trace trace;
  Image image(bytes, "", true, trace);
  read_threads(image);
  read_counters(image, trace);
  trace.heap.record = heap_record(image.header());
  read_heap(bytes, false, trace);
  Level level;
  level.ns = image.now_ns();
  level.coroutines =
      trace.coroutines_created - std::min(trace.coroutines_created, trace.coroutines_destroyed);
  level.heap_bytes = trace.heap.bytes;
  return level;
} catch (const Error&) {
  return {};
}

Trace read_recording(const std::string& path, bool live) {
  return read_recording(Bytes::file(path), path, live);
}

RecordingFile parse_recording_name(const std::string& path) {
  RecordingFile file;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string prefix = wire::kFilePrefix;
  if (name.compare(0, prefix.size(), prefix) != 0) return file;
  const char* end = name.data() + name.size();
  const auto pid = std::from_chars(name.data() + prefix.size(), end, file.pid);
  if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != '.') return {};
  const auto number = std::from_chars(pid.ptr + 1, end, file.number);
  if (number.ec != std::errc() || number.ptr != end || file.pid <= 0) return {};
  file.path = path;
  return file;
}

std::vector<RecordingFile> list_recordings(const std::string& directory) {
  std::error_code error;
  std::vector<RecordingFile> files;
  auto entry = std::filesystem::directory_iterator(directory, error);
  if (error) throw Error("cannot list " + directory + ": " + error.message());
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (error) throw Error("cannot list " + directory + ": " + error.message());
    RecordingFile file = parse_recording_name(entry->path().string());
    if (file.pid != 0) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const RecordingFile& a, const RecordingFile& b) {
    return std::pair(a.pid, a.number) < std::pair(b.pid, b.number);
  });
  return files;
}

}  // namespace track::read
