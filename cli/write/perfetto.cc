#include "cli/write/perfetto.h"

#include <protozero/pbf_builder.hpp>
#include <unordered_map>

#include "cli/write/timeline_marks.h"

namespace track::write {
namespace perfetto_parts {
namespace {

using protozero::pbf_builder;

// Field numbers of Perfetto's protos (protos/perfetto/trace), as far as they are written here.
enum class TraceField : protozero::pbf_tag_type { packet = 1 };
enum class Packet : protozero::pbf_tag_type {
  clock_snapshot = 6,
  timestamp = 8,
  sequence_id = 10,
  track_event = 11,
  interned_data = 12,
  sequence_flags = 13,
  track_descriptor = 60,
  perf_sample = 66,
};
enum class Snapshot : protozero::pbf_tag_type { clocks = 1 };
enum class ClockField : protozero::pbf_tag_type { id = 1, timestamp = 2 };
enum class Descriptor : protozero::pbf_tag_type {
  uuid = 1,
  name = 2,
  process = 3,
  thread = 4,
  parent_uuid = 5,
  counter = 8,
};
enum class ProcessField : protozero::pbf_tag_type { pid = 1, process_name = 6 };
enum class ThreadField : protozero::pbf_tag_type { pid = 1, tid = 2, thread_name = 5 };
enum class CounterField : protozero::pbf_tag_type { unit = 3, unit_name = 6 };
enum class Event : protozero::pbf_tag_type {
  category_iids = 3,
  annotations = 4,
  type = 9,
  name_iid = 10,
  track_uuid = 11,
  counter_value = 30,
  flow_ids = 47,
  terminating_flow_ids = 48,
};
enum class Annotation : protozero::pbf_tag_type { name_iid = 1, string_value = 6 };
enum class Interned : protozero::pbf_tag_type {
  categories = 1,
  event_names = 2,
  annotation_names = 3,
  function_names = 5,
  frames = 6,
  callstacks = 7,
};
// Of an interned name, frame or callstack: its number, and the name, its function, or its frames.
enum class Entry : protozero::pbf_tag_type { iid = 1, content = 2 };
enum class Sample : protozero::pbf_tag_type { pid = 2, tid = 3, callstack = 4, mode = 5 };

constexpr uint64_t kBoottime = 6, kRealtime = 1;  // clocks; all our times go as the first
constexpr uint64_t kBegin = 1, kEnd = 2, kInstant = 3, kCounter = 4;
constexpr uint64_t kCleared = 1, kNeedsState = 2;
constexpr uint64_t kCountUnit = 2, kBytesUnit = 3;
constexpr uint64_t kUserMode = 2;
constexpr uint64_t kSequence = 1;
constexpr uint64_t kProcessTrack = 1, kLossesTrack = 2, kCounterTracks = 16, kTaskTracks = 1 << 16;

// Interned strings of one kind; the number of each, from 1 on.
class Names {
 public:
  // True: it is new, and must be written.
  bool add(const std::string& name, uint64_t& iid) {
    const auto [entry, fresh] = ids_.try_emplace(name, ids_.size() + 1);
    iid = entry->second;
    return fresh;
  }

 private:
  std::unordered_map<std::string, uint64_t> ids_;
};

class Writer {
 public:
  Writer(const Timeline& timeline, const Trace& trace, const Symbols& symbols)
      : timeline_(timeline), trace_(trace), symbols_(symbols), top_(bytes_) {}

  std::string take() {
    clocks();
    describe_process();
    for (const TimelineTrack& track : timeline_.tracks) describe(track);
    describe_losses();
    for (size_t i = 0; i < timeline_.counters.size(); ++i) describe(timeline_.counters[i], i);
    for (const TimelineTrack& track : timeline_.tracks) events(track, kTaskTracks + track.id);
    events(timeline_.losses, kLossesTrack);
    for (const TimelineTrack& track : timeline_.tracks)
      for (const TimelineSample& sample : track.samples) cpu_sample(track, sample);
    for (size_t i = 0; i < timeline_.counters.size(); ++i)
      for (const auto& [ns, value] : timeline_.counters[i].values) counter(i, ns, value);
    return std::move(bytes_);
  }

 private:
  // Fields that every packet has; the first one begins the sequence.
  template <class Fill>
  void packet(Fill fill) {
    pbf_builder<Packet> packet(top_, TraceField::packet);
    packet.add_uint32(Packet::sequence_id, kSequence);
    packet.add_uint32(Packet::sequence_flags, first_ ? kCleared | kNeedsState : kNeedsState);
    first_ = false;
    fill(packet);
  }

  void clocks() {
    packet([&](pbf_builder<Packet>& packet) {
      pbf_builder<Snapshot> snapshot(packet, Packet::clock_snapshot);
      for (const auto& [id, ns] : {std::pair(kBoottime, timeline_.start_ns),
                                   std::pair(kRealtime, timeline_.start_realtime_ns)}) {
        pbf_builder<ClockField> clock(snapshot, Snapshot::clocks);
        clock.add_uint32(ClockField::id, static_cast<uint32_t>(id));
        clock.add_uint64(ClockField::timestamp, ns);
      }
    });
  }

  template <class Fill>
  void descriptor(uint64_t uuid, Fill fill) {
    packet([&](pbf_builder<Packet>& packet) {
      pbf_builder<Descriptor> descriptor(packet, Packet::track_descriptor);
      descriptor.add_uint64(Descriptor::uuid, uuid);
      fill(descriptor);
    });
  }

  void describe_process() {
    descriptor(kProcessTrack, [&](pbf_builder<Descriptor>& descriptor) {
      pbf_builder<ProcessField> process(descriptor, Descriptor::process);
      process.add_int32(ProcessField::pid, timeline_.pid);
      process.add_string(ProcessField::process_name, base_name(timeline_.program));
    });
  }

  void describe(const TimelineTrack& track) {
    descriptor(kTaskTracks + track.id, [&](pbf_builder<Descriptor>& descriptor) {
      descriptor.add_uint64(Descriptor::parent_uuid,
                            track.below == 0 ? kProcessTrack : kTaskTracks + track.below);
      descriptor.add_string(Descriptor::name, track.name);
      if (track.kind != TaskKind::thread || track.tid == 0) return;
      pbf_builder<ThreadField> thread(descriptor, Descriptor::thread);
      thread.add_int32(ThreadField::pid, timeline_.pid);
      thread.add_int32(ThreadField::tid, track.tid);
      thread.add_string(ThreadField::thread_name, track.name);
    });
  }

  void describe_losses() {
    if (timeline_.losses.slices.empty() && timeline_.losses.points.empty()) return;
    descriptor(kLossesTrack, [&](pbf_builder<Descriptor>& descriptor) {
      descriptor.add_uint64(Descriptor::parent_uuid, kProcessTrack);
      descriptor.add_string(Descriptor::name, timeline_.losses.name);
    });
  }

  void describe(const TimelineCounter& counter, size_t index) {
    descriptor(kCounterTracks + index, [&](pbf_builder<Descriptor>& descriptor) {
      descriptor.add_uint64(Descriptor::parent_uuid, kProcessTrack);
      descriptor.add_string(Descriptor::name, counter.name);
      pbf_builder<CounterField> fields(descriptor, Descriptor::counter);
      fields.add_enum(CounterField::unit,
                      static_cast<int32_t>(counter.unit == "bytes" ? kBytesUnit : kCountUnit));
    });
  }

  // What the next packet uses for the first time is gathered here first.
  struct Fresh {
    std::vector<std::pair<Interned, std::pair<uint64_t, std::string>>> names;
    std::vector<std::pair<uint64_t, uint64_t>> frames;  // iid, function
    std::vector<std::pair<uint64_t, std::vector<uint64_t>>> callstacks;
    bool empty() const { return names.empty() && frames.empty() && callstacks.empty(); }
  };

  uint64_t intern(Names& names, Interned kind, const std::string& name, Fresh& fresh) {
    uint64_t iid = 0;
    if (names.add(name, iid)) fresh.names.push_back({kind, {iid, name}});
    return iid;
  }

  void write(const Fresh& fresh, pbf_builder<Packet>& packet) {
    if (fresh.empty()) return;
    pbf_builder<Interned> data(packet, Packet::interned_data);
    for (const auto& [kind, name] : fresh.names) {
      pbf_builder<Entry> field(data, kind);
      field.add_uint64(Entry::iid, name.first);
      field.add_string(Entry::content, name.second);
    }
    for (const auto& [iid, function] : fresh.frames) {
      pbf_builder<Entry> frame(data, Interned::frames);
      frame.add_uint64(Entry::iid, iid);
      frame.add_uint64(Entry::content, function);
    }
    for (const auto& [iid, frames] : fresh.callstacks) {
      pbf_builder<Entry> callstack(data, Interned::callstacks);
      callstack.add_uint64(Entry::iid, iid);
      for (const uint64_t frame : frames) callstack.add_uint64(Entry::content, frame);
    }
  }

  void event(uint64_t track, uint64_t ns, uint64_t type, const std::string& name,
             const TimelineNotes& notes, uint64_t flow_out, uint64_t flow_in) {
    Fresh fresh;
    uint64_t name_iid = 0, category = 0;
    if (type != kEnd) {
      name_iid = intern(event_names_, Interned::event_names, name, fresh);
      category = intern(categories_, Interned::categories, "track", fresh);
    }
    std::vector<uint64_t> note_names;
    for (const auto& [note, text] : notes)
      note_names.push_back(intern(note_names_, Interned::annotation_names, note, fresh));
    packet([&](pbf_builder<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, ns);
      write(fresh, packet);
      pbf_builder<Event> event(packet, Packet::track_event);
      event.add_enum(Event::type, static_cast<int32_t>(type));
      event.add_uint64(Event::track_uuid, track);
      if (type == kEnd) return;
      event.add_uint64(Event::category_iids, category);
      event.add_uint64(Event::name_iid, name_iid);
      for (size_t i = 0; i < notes.size(); ++i) {
        pbf_builder<Annotation> annotation(event, Event::annotations);
        annotation.add_uint64(Annotation::name_iid, note_names[i]);
        annotation.add_string(Annotation::string_value, notes[i].second);
      }
      if (flow_out != 0) event.add_fixed64(Event::flow_ids, flow_out);
      if (flow_in != 0) event.add_fixed64(Event::terminating_flow_ids, flow_in);
    });
  }

  void events(const TimelineTrack& track, uint64_t uuid) {
    for (const TimelineMark& mark : timeline_marks(track)) {
      if (mark.kind == TimelineMark::Kind::point) {
        const TimelinePoint& point = track.points[mark.index];
        event(uuid, mark.ns, kInstant, point.name, {}, point.flow_out, point.flow_in);
      } else if (mark.kind == TimelineMark::Kind::begin) {
        const TimelineSlice& slice = track.slices[mark.index];
        event(uuid, mark.ns, kBegin, slice.name, slice.notes, 0, slice.flow_in);
      } else {
        event(uuid, mark.ns, kEnd, {}, {}, 0, 0);
      }
    }
  }

  void counter(size_t index, uint64_t ns, int64_t value) {
    packet([&](pbf_builder<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, ns);
      pbf_builder<Event> event(packet, Packet::track_event);
      event.add_enum(Event::type, static_cast<int32_t>(kCounter));
      event.add_uint64(Event::track_uuid, kCounterTracks + index);
      event.add_int64(Event::counter_value, value);
    });
  }

  uint64_t callstack(StackIndex stack, Fresh& fresh) {
    const auto [entry, is_new] = callstacks_.try_emplace(stack, callstacks_.size() + 1);
    if (!is_new) return entry->second;
    std::vector<uint64_t> frames;
    for (const StackLine& line : stack_lines(trace_, symbols_, stack, Prune::tracker)) {
      const std::string name = line.function.empty() ? line_text(line) : line.function;
      const uint64_t function = intern(function_names_, Interned::function_names, name, fresh);
      const auto [frame, fresh_frame] = frames_.try_emplace(function, frames_.size() + 1);
      if (fresh_frame) fresh.frames.emplace_back(frame->second, function);
      frames.push_back(frame->second);
    }
    fresh.callstacks.emplace_back(entry->second,
                                  std::vector<uint64_t>(frames.rbegin(), frames.rend()));
    return entry->second;
  }

  void cpu_sample(const TimelineTrack& track, const TimelineSample& sample) {
    if (sample.stack == 0 || track.tid == 0) return;
    Fresh fresh;
    const uint64_t stack = callstack(sample.stack, fresh);
    packet([&](pbf_builder<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, sample.ns);
      write(fresh, packet);
      pbf_builder<Sample> fields(packet, Packet::perf_sample);
      fields.add_uint32(Sample::pid, static_cast<uint32_t>(timeline_.pid));
      fields.add_uint32(Sample::tid, static_cast<uint32_t>(track.tid));
      fields.add_uint64(Sample::callstack, stack);
      fields.add_enum(Sample::mode, static_cast<int32_t>(kUserMode));
    });
  }

  const Timeline& timeline_;
  const Trace& trace_;
  const Symbols& symbols_;
  std::string bytes_;
  pbf_builder<TraceField> top_;
  bool first_ = true;
  Names event_names_, categories_, note_names_, function_names_;
  std::unordered_map<uint64_t, uint64_t> frames_;
  std::unordered_map<StackIndex, uint64_t> callstacks_;
};

}  // namespace
}  // namespace perfetto_parts

std::string perfetto(const Timeline& timeline, const Trace& trace, const Symbols& symbols) {
  return perfetto_parts::Writer(timeline, trace, symbols).take();
}

}  // namespace track::write
