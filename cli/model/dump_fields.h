// What a dump keeps of each structure: one list for the writer and the reader. A field that is
// added to one of these structures is added here too, or a dump would not say what a live look
// says; tests/model/dump_fields_test.cc counts them. Order is the file's order: with every change
// the layout's hash changes, and older dumps are refused.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "cli/model/dump_layout.h"
#include "cli/model/loaded.h"

namespace track::dump {

template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

template <Is<Label> T>
auto fields(T& l) {
  return std::tie(l.key, l.value);
}
template <Is<Stack> T>
auto fields(T& s) {
  return std::tie(s.addresses, s.generation, s.truncated, s.awaiters_from, s.labels);
}
template <Is<TaskScope> T>
auto fields(T& s) {
  return std::tie(s.name, s.parent, s.opener, s.ender, s.ended, s.opened_ns, s.ended_ns,
                  s.opened_at);
}
template <Is<Wait> T>
auto fields(T& w) {
  return std::tie(w.kind, w.timed, w.process_shared, w.robust, w.prefers_writer, w.object, w.mutex,
                  w.since_ns, w.stack, w.return_address, w.stack_pointer, w.owner_tid, w.sequence);
}
template <Is<ToldWait> T>
auto fields(T& w) {
  return std::tie(w.kind, w.timed, w.object, w.since_ns, w.sequence, w.at);
}
template <Is<ToldObject> T>
auto fields(T& o) {
  return std::tie(o.owner, o.owner_frame, o.waker, o.waker_ns);
}
template <Is<PoolPlace> T>
auto fields(T& p) {
  return std::tie(p.pool, p.jobs, p.tells_jobs, p.name);
}
template <Is<Held> T>
auto fields(T& h) {
  return std::tie(h.object, h.sort, h.fiber, h.since_ns, h.taken_at);
}
template <Is<Schedule> T>
auto fields(T& s) {
  return std::tie(s.known, s.cpu_ns, s.queue_ns, s.slices);
}
template <Is<Thread> T>
auto fields(T& t) {
  return std::tie(t.id, t.creator, t.tid, t.pthread, t.name, t.state, t.main, t.detached, t.joined,
                  t.adopted, t.found, t.cancelled, t.joiner, t.created_ns, t.started_ns, t.ended_ns,
                  t.created_at, t.running_at, t.start_routine, t.waits, t.coroutines_created,
                  t.coroutines_destroyed, t.schedule, t.wait, t.held, t.held_complete, t.kernel,
                  t.system_call, t.outer_tid, t.switches, t.labels, t.labels_now, t.told,
                  t.wait_told, t.inner, t.inner_state, t.works_for);
}
template <Is<Told> T>
auto fields(T& t) {
  return std::tie(t.state, t.point, t.thread, t.awaiter, t.since_ns, t.resumes, t.wait);
}
template <Is<Coroutine> T>
auto fields(T& c) {
  return std::tie(c.id, c.address, c.size_bytes, c.creator, c.created_ns, c.created_ticks,
                  c.created_at, c.site, c.resume, c.destroy, c.certainty, c.state, c.thread,
                  c.function, c.await_point, c.awaited_by, c.awaits, c.awaited_by_weak,
                  c.site_mixed, c.frame_seen, c.inside, c.in_use, c.created_at_doubtful, c.told,
                  c.since_ns, c.labels);
}
template <Is<HeapSite> T>
auto fields(T& s) {
  return std::tie(s.allocated_at, s.block_bytes, s.count);
}
template <Is<HeapOrigin> T>
auto fields(T& o) {
  return std::tie(o.allocated_at, o.objects, o.bytes);
}
template <Is<HeapMappings> T>
auto fields(T& m) {
  return std::tie(m.mapped_at, m.bytes, m.count, m.kind);
}
template <Is<HeapTable> T>
auto fields(T& h) {
  return std::tie(h.record, h.period, h.samples, h.blocks, h.bytes, h.peak_bytes, h.peak_ns,
                  h.unreadable_pages, h.sites, h.mappings, h.mapped_bytes, h.reserved_bytes,
                  h.mapped, h.allocated);
}
template <Is<CpuRow> T>
auto fields(T& r) {
  return std::tie(r.stack, r.on_fiber, r.created_at, r.count);
}
template <Is<CpuTable> T>
auto fields(T& c) {
  return std::tie(c.record, c.period_ns, c.signal, c.duration_ns, c.lost, c.unseen, c.refused,
                  c.how, c.rows);
}
template <Is<HistoryEvent> T>
auto fields(T& e) {
  return std::tie(e.ns, e.duration_ns, e.object, e.task, e.tid, e.waker, e.stack, e.kind, e.wait);
}
template <Is<Level> T>
auto fields(T& l) {
  return std::tie(l.ns, l.coroutines, l.heap_bytes);
}
template <Is<ScheduleLevel> T>
auto fields(T& l) {
  return std::tie(l.ns, l.tid, l.queue_ns);
}
template <Is<ThreadOrigin> T>
auto fields(T& o) {
  return std::tie(o.created_at, o.count);
}
template <Is<History> T>
auto fields(T& h) {
  return std::tie(h.events, h.overwritten, h.lost, h.unreadable, h.complete_since, h.levels,
                  h.schedule);
}
template <Is<Fiber> T>
auto fields(T& f) {
  return std::tie(f.id, f.creator, f.thread, f.sort, f.state, f.stack_low, f.stack_high, f.entry,
                  f.name, f.created_ns, f.created_ticks, f.switched_ns, f.switches, f.moved,
                  f.context, f.created_at, f.suspended_at, f.labels, f.told);
}
template <Is<FrameLock> T>
auto fields(T& l) {
  return std::tie(l.frame, l.lock, l.holder, l.frame_on_stack, l.lock_on_stack, l.by_code);
}
template <Is<ChannelEnd> T>
auto fields(T& e) {
  return std::tie(e.descriptor, e.sort, e.reads, e.writes, e.gives_up, e.ready, e.identity, e.peer,
                  e.others);
}
template <Is<Contention> T>
auto fields(T& c) {
  return std::tie(c.role, c.kind, c.object, c.created_at, c.stack, c.count, c.total_ns,
                  c.longest_ns, c.first_ns, c.last_ns);
}
template <Is<LockBlock> T>
auto fields(T& l) {
  return std::tie(l.object, l.bytes, l.allocated_at);
}
template <Is<OrderedLock> T>
auto fields(T& l) {
  return std::tie(l.address, l.sort, l.birth);
}
template <Is<OrderWitness> T>
auto fields(T& w) {
  return std::tie(w.task, w.creator, w.created_ns, w.first_ns, w.last_ns, w.ended_ns);
}
template <Is<LockOrder> T>
auto fields(T& o) {
  return std::tie(o.lock, o.held, o.complete, o.stack, o.witnesses);
}
template <Is<TrackerPlace> T>
auto fields(T& p) {
  return std::tie(p.module_start, p.module_end, p.recording, p.recording_bytes, p.arenas);
}
template <Is<Module> T>
auto fields(T& m) {
  return std::tie(m.path, m.build_id, m.base, m.start, m.end, m.loaded, m.unloaded);
}
template <Is<AwaitPoint> T>
auto fields(T& p) {
  return std::tie(p.stage, p.method, p.exact, p.line, p.function, p.index, p.file, p.promise_type,
                  p.awaiter_type);
}
template <Is<Frame> T>
auto fields(T& f) {
  return std::tie(f.function, f.linkage_name, f.file, f.line, f.column, f.inlined);
}
template <Is<Location> T>
auto fields(T& l) {
  return std::tie(l.address, l.module, l.offset, l.frames);
}
template <Is<CodeKey> T>
auto fields(T& k) {
  return std::tie(k.address, k.generation);
}
template <Is<WaitObject> T>
auto fields(T& o) {
  return std::tie(o.kind, o.address, o.symbol, o.owner);
}
template <Is<AwaitFrame> T>
auto fields(T& f) {
  return std::tie(f.task, f.function, f.await_point, f.weak, f.self);
}
template <Is<FindingTask> T>
auto fields(T& t) {
  return std::tie(t.kind, t.id, t.name, t.given_name, t.tid, t.main, t.state, t.age_ns,
                  t.created_at, t.blocked_at, t.labels);
}
template <Is<Finding> T>
auto fields(T& f) {
  return std::tie(f.rule, f.evidence, f.count, f.title, f.because, f.created_at, f.blocked_at,
                  f.await_chain, f.await_cycle, f.wait_object, f.tasks, f.age_min_ns,
                  f.age_median_ns, f.age_max_ns, f.bytes_held, f.kept_by, f.failing, f.fingerprint,
                  f.suppressed_by, f.baseline, f.allowed, f.test, f.source, f.scope, f.pool);
}
template <Is<Deadlocks> T>
auto fields(T& d) {
  return std::tie(d.findings, d.stuck);
}
template <Is<StuckThread> T>
auto fields(T& s) {
  return std::tie(s.id, s.sequence, s.object, s.by, s.other, s.on_own_stack, s.object_bytes,
                  s.held_bytes, s.queued_job, s.job_on_stack, s.known_to, s.told, s.own_wait_told);
}
template <Is<Orphan> T>
auto fields(T& o) {
  return std::tie(o.address, o.created_ticks, o.held_bytes, o.inside_block, o.taken_out);
}
template <Is<LostFiber> T>
auto fields(T& f) {
  return std::tie(f.id, f.switches, f.stack, f.held_bytes);
}
template <Is<RetentionStep> T>
auto fields(T& s) {
  return std::tie(s.sort, s.address, s.bytes, s.number, s.left_out, s.holder, s.reference, s.target,
                  s.head, s.type, s.member, s.only_at_head);
}
template <Is<Kept> T>
auto fields(T& k) {
  return std::tie(k.address, k.created_ticks, k.held_bytes, k.retention);
}
template <Is<KeptFiber> T>
auto fields(T& k) {
  return std::tie(k.id, k.switches, k.retention);
}
template <Is<LeakedBlocks> T>
auto fields(T& l) {
  return std::tie(l.count, l.total_bytes, l.bytes, l.kind, l.sample, l.stack, l.allocated_at,
                  l.indirect_count, l.indirect_bytes);
}
template <Is<Fixpoint> T>
auto fields(T& f) {
  return std::tie(f.taken, f.coherent, f.asleep, f.poller_ran, f.sleep_doubt, f.doubts, f.blind,
                  f.cancels, f.lock_escape, f.threads, f.waiting, f.coroutines, f.fibers,
                  f.retentions, f.kept, f.kept_fibers, f.leaked, f.unrecorded_blocks,
                  f.live_threads, f.scanned_bytes, f.unreached_blocks, f.unreached_bytes,
                  f.pause_ns, f.pause_for, f.held_ns, f.not_visible);
}
// Of a trace, what is no table of its own.
template <Is<Trace> T>
auto fields(T& t) {
  return std::tie(
      t.source, t.program, t.command_line, t.pid, t.parent_pid, t.forked, t.prepared, t.recording,
      t.start_realtime_ns, t.start_ns, t.taken_ns, t.copy_began_ns, t.copied_realtime_ns, t.gone,
      t.end, t.exit_code, t.exit_task, t.held_at_exit, t.signal, t.pause_ns, t.pause_for, t.options,
      t.suppressions, t.tracker, t.heap, t.cpu, t.threads_created, t.threads_ended,
      t.threads_joined, t.threads_detached, t.coroutines_created, t.coroutines_destroyed,
      t.untracked_coroutines, t.fibers_created, t.thread_origins, t.unknown_origins, t.events,
      t.events_overwritten, t.contention_lost, t.orders_lost, t.file_bytes, t.superseded,
      t.executed, t.stack_switcher, t.attached, t.memory_read, t.lost, t.warnings, t.not_visible);
}

// Calls use(part, fields) for each section of one process. What others need to be of any use comes
// first: a file is cut off at its end.
template <Is<Loaded> T, class Use>
void for_each_part(T& loaded, Use use) {
  auto& report = loaded.report;
  auto& trace = report.trace;
  auto& symbols = report.symbols;
  use(Part::process, std::tie(trace, report.note, loaded.notes));
  use(Part::threads, std::tie(trace.threads, trace.channels));
  use(Part::stacks, std::tie(trace.stacks, trace.label_sets, trace.scopes, trace.label_scopes));
  use(Part::modules, std::tie(trace.modules));
  use(Part::code, std::tie(symbols.code));
  use(Part::names, std::tie(symbols.objects, symbols.notes, trace.coroutine_names,
                            trace.object_names, trace.told_objects));
  use(Part::proofs, std::tie(loaded.deadlocks, loaded.fixpoint));
  use(Part::contention, std::tie(trace.contention, trace.lock_blocks, trace.lock_orders));
  use(Part::memory, std::tie(trace.memory));
  use(Part::functions, std::tie(trace.functions));
  use(Part::await_points, std::tie(trace.await_points));
  use(Part::fibers, std::tie(trace.fibers));
  use(Part::history, std::tie(trace.history));
  use(Part::coroutines, std::tie(trace.coroutines, trace.frame_locks));
}

// What the tables are made of. Shape<T>::kColumns: how many columns a value takes; kHash: tells
// two layouts apart.
constexpr uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * 0x100000001b3u;
}

template <class T>
concept Number = std::integral<T> || std::is_enum_v<T>;

template <class T>
struct Shape;

template <Number T>
struct Shape<T> {
  static constexpr size_t kColumns = 1;
  static constexpr uint64_t kHash = mix(sizeof(T), std::is_signed_v<T> + 2 * std::is_enum_v<T>);
};
template <>
struct Shape<std::string> {
  static constexpr size_t kColumns = 1;
  static constexpr uint64_t kHash = 's';
};
// Several of one sort: their number, and the columns of one.
template <class T>
struct ListShape {
  static constexpr size_t kColumns = 1 + Shape<T>::kColumns;
  static constexpr uint64_t kHash = mix(mix(0x5b, Shape<T>::kHash), 0x5d);
};
template <class... T>
struct Shape<std::tuple<T...>> {
  static constexpr size_t kColumns = (0 + ... + Shape<std::remove_cvref_t<T>>::kColumns);
  static constexpr uint64_t kHash = [] {
    uint64_t hash = 0xcbf29ce484222325u;
    ((hash = mix(hash, Shape<std::remove_cvref_t<T>>::kHash)), ...);
    return mix(hash, sizeof...(T));
  }();
};
template <class T>
struct Shape<std::vector<T>> : ListShape<T> {};
template <class T>
struct Shape<std::set<T>> : ListShape<T> {};
template <class K, class V>
struct Shape<std::map<K, V>> : ListShape<std::tuple<K, V>> {};
template <class K, class V, class H>
struct Shape<std::unordered_map<K, V, H>> : ListShape<std::tuple<K, V>> {};
template <class T>
requires requires(T& value) {
  fields(value);
}
struct Shape<T> : Shape<decltype(fields(std::declval<T&>()))> {};

inline uint64_t layout() {
  uint64_t hash = 0;
  Loaded loaded;
  for_each_part(loaded, [&](Part part, const auto& parts) {
    hash = mix(hash, static_cast<uint64_t>(part));
    hash = mix(hash, Shape<std::remove_cvref_t<decltype(parts)>>::kHash);
  });
  return hash;
}

}  // namespace track::dump
