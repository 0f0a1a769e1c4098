#include "cli/analyze/fixpoint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "cli/analyze/entry_points.h"
#include "cli/analyze/keepers.h"
#include "cli/analyze/leaked_blocks.h"
#include "cli/analyze/lost_fibers.h"
#include "cli/analyze/mark.h"
#include "cli/analyze/orphanable.h"
#include "cli/analyze/queued_job.h"
#include "cli/analyze/retention.h"
#include "cli/analyze/taken_out.h"
#include "cli/analyze/wait_graph.h"
#include "cli/analyze/wait_place.h"
#include "cli/model/told_waits.h"

namespace track::analyze {
namespace {

constexpr uint64_t kMutexOwner = 8;
constexpr uint32_t kTidMask = 0x3fffffff;
constexpr size_t kMostGroups = 256;
constexpr size_t kMostSearched = 32;                   // threads whose queued work is looked for
constexpr uint64_t kMostMeasured = uint64_t{4} << 30;  // a second marking takes a second a GiB

class Solver {
 public:
  Solver(const Trace& trace, const MemoryPicture& picture, bool with_memory)
      : with_memory_(with_memory),
        trace_(trace),
        picture_(picture),
        marker_(picture.regions, picture.blocks),
        entries_(trace, picture, marker_),
        graph_(build_wait_graph(trace)) {}

  Fixpoint solve() {
    result_.taken = true;
    result_.coherent = picture_.coherent;
    result_.doubts = picture_.doubts;
    result_.blind = picture_.blind;
    result_.cancels = picture_.cancels;
    result_.lock_escape = picture_.lock_escape;
    result_.pause_ns = picture_.pause_ns;
    result_.pause_for = picture_.pause_for;
    for (const MemoryRegion& region : picture_.regions)
      result_.scanned_bytes += region.bytes.size();
    sort_threads();
    entries_.set_lists_aside();
    const bool all_sleep = all_asleep();
    result_.asleep = all_sleep && !picture_.may_be_woken;
    if (all_sleep) result_.sleep_doubt = picture_.sleep_doubt;
    note_doubts();
    if (!result_.asleep) {
      mark_live();
      Keepers keepers(trace_, picture_, marker_, result_);
      keepers.find_coroutines();
      keepers.find_fibers();
      find_waiting(keepers);
    }
    std::vector<std::vector<Cell>> groups;
    for (const Member& member : members_)
      if (!member.live) add_stuck(member, groups);
    // In a process that is asleep every object can be reached, and nobody is left to do it.
    if (result_.asleep) entries_.mark_roots();
    // What a stuck thread holds is stuck with it, not orphaned.
    const std::vector<uint64_t> thread_bytes = marker_.held_only_by(groups);
    for (size_t i = 0; i < result_.threads.size(); ++i)
      result_.threads[i].held_bytes = i < thread_bytes.size() ? thread_bytes[i] : 0;
    for (const Member& member : members_)
      if (!member.live) entries_.mark_own(member);
    marker_.finish();
    entries_.see_all();
    if (result_.asleep && picture_.coherent && (with_memory_ || any_orphan(trace_, marker_)))
      entries_.find_disguises();
    while (entries_.see_through_disguises(members_)) {
    }
    find_orphans();
    result_.fibers = lost_fibers(trace_, marker_);
    count_unreached(marker_, result_);
    if (with_memory_) find_leaked();
    if (result_.asleep && !picture_.unread.empty()) drop_unreferenced();
    if (!result_.kept.empty()) measure_kept();
    count_on_registers();
    return std::move(result_);
  }

 private:
  // What a stuck thread's registers hold is stuck with it. Nothing else can do without them.
  void count_on_registers() {
    for (const Member& member : members_) {
      if (!picture_.coherent || !member.memory->lacks_registers) continue;
      if (member.live) result_.coherent = false;
      drop_unreferenced();
    }
  }

  // Who can go on was concluded; what nothing refers to cannot be.
  void drop_unreferenced() {
    result_.coroutines.clear();
    result_.fibers.clear();
    result_.leaked.clear();
  }

  void sort_threads() {
    std::unordered_map<int32_t, size_t> by_tid;
    for (size_t i = 0; i < trace_.threads.size(); ++i)
      if (trace_.threads[i].tid != 0 && trace_.threads[i].state != TaskState::ended)
        by_tid[trace_.threads[i].tid] = i;
    for (const ThreadMemory& memory : picture_.threads) {
      Member member;
      member.memory = &memory;
      if (const auto known = by_tid.find(memory.tid); known != by_tid.end()) {
        member.index = known->second;
        member.thread = &trace_.threads[known->second];
        // Where the stack of one that spins could not be told it is among the roots.
        const Thread& thread = *member.thread;
        member.live = internal(thread) ? !memory.own || !sleeps_there(thread.wait, memory)
                                       : !waits_as_told(thread);
        if (waits_as_told(thread) && !memory.own) result_.poller_ran = true;
        by_index_[member.index] = members_.size();
      }
      members_.push_back(member);
    }
  }

  void mark_live() {
    entries_.mark_roots();
    // Whom a global keeps is told so, whatever stands on a stack besides.
    marker_.finish();
    spread();
    if (picture_.coherent && (with_memory_ || any_suspect())) {
      // Before anybody is accused, everything is looked through once more.
      entries_.find_disguises();
      while (entries_.see_through_disguises(members_)) spread();
    }
    for (const Member& member : members_) result_.live_threads += member.live;
  }

  // Not one thread can run; if nothing outside can wake one either, all are asleep, as Go has it.
  bool all_asleep() const {
    return !members_.empty() &&
           std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
             return sleeps(member) || sleeps_in_channel(member.thread, *member.memory);
           });
  }

  void note_doubts() {
    std::vector<std::string> more = picture_.carriers;
    if (!result_.asleep)
      result_.blind.insert(result_.blind.end(), picture_.unread.begin(), picture_.unread.end());
    if (result_.asleep) {
      bool channels = false;
      for (Member& member : members_) {
        channels = channels || member.live;
        member.live = false;
      }
      more = channels ? picture_.channel_doubts : std::vector<std::string>();
    }
    result_.doubts.insert(result_.doubts.end(), more.begin(), more.end());
  }

  bool sleeps(const Member& member) const {
    if (member.live) return false;
    const Wait& wait = member.thread->wait;
    if (std::any_of(picture_.shared.begin(), picture_.shared.end(),
                    [&](const AddressRange& range) { return range.contains(wait.object); }))
      return false;
    if (waits_on_object(wait.kind) || is_told(wait.kind) || owner_has_ended(trace_, picture_, wait))
      return true;
    const std::vector<WaitEdge>& edges = graph_.edges[member.index];
    return std::any_of(edges.begin(), edges.end(),
                       [&](const WaitEdge& edge) { return by_index_.count(edge.owner) != 0; });
  }

  void spread() {
    for (const Member& member : members_)
      if (member.live) entries_.mark_own(member);
    marker_.finish();
    for (bool changed = true; changed;) {
      changed = false;
      for (Member& member : members_) {
        if (member.live || !can_go_on(member)) continue;
        member.live = changed = true;
        entries_.mark_own(member);
      }
      marker_.finish();
    }
  }

  bool any_suspect() const {
    return std::any_of(members_.begin(), members_.end(), [](const Member& m) { return !m.live; }) ||
           any_orphan(trace_, marker_);
  }

  bool lives(size_t thread) const {
    const auto known = by_index_.find(thread);
    return known == by_index_.end() || members_[known->second].live;
  }

  bool is_reached(uint64_t object) const {
    const Cell cell = marker_.map().find(object);
    return cell == kNoCell || marker_.reached(cell);
  }

  bool can_go_on(const Member& member) const {
    const Wait& wait = member.thread->wait;
    if (waits_on_object(wait.kind)) return is_reached(wait.object);
    if (is_told(wait.kind)) {
      const ToldObject* object = told_object(trace_, wait.object);
      if (object == nullptr || object->owner == 0) return is_reached(wait.object);
      if (owner_is_over(object->owner)) return false;
    }
    if (owner_has_ended(trace_, picture_, wait)) return false;
    // It needs every one of these.
    const std::vector<WaitEdge>& edges = graph_.edges[member.index];
    return std::all_of(edges.begin(), edges.end(), [&](const WaitEdge& edge) {
      return edge.fiber != 0 ? may_be_resumed(edge.fiber, trace_, marker_) : lives(edge.owner);
    });
  }

  void add_stuck(const Member& member, std::vector<std::vector<Cell>>& groups) {
    const Wait& wait = member.thread->wait;
    StuckThread stuck;
    stuck.id = member.thread->id;
    stuck.sequence = wait.sequence;
    stuck.object = wait.object;
    if (is_told(wait.kind) && add_told(member, stuck)) {
    } else if (waits_on_owner(wait.kind)) {
      stuck.by = wait.kind == WaitKind::join ? StuckBy::join : StuckBy::owner;
      if (!owner_has_ended(trace_, picture_, wait))
        for (const WaitEdge& edge : graph_.edges[member.index]) {
          if (edge.fiber == 0 && !lives(edge.owner)) stuck.other = trace_.threads[edge.owner].id;
          if (edge.fiber == 0) continue;
          stuck.by = StuckBy::fiber;
          stuck.other = edge.fiber;
        }
      if (stuck.other == 0) {
        stuck.by = StuckBy::owner_ended;
        const uint64_t owner = trace_.memory.at(wait.object + kMutexOwner) & kTidMask;
        if (const Thread* ended = ended_owner(trace_, wait, static_cast<int32_t>(owner)))
          stuck.other = ended->id;
        else if (const auto tid = static_cast<int32_t>(owner);
                 owner_is_absent(trace_, picture_, wait, tid))
          note_absent(tid);
      }
    } else if (result_.asleep) {
      stuck.by = StuckBy::asleep;
    } else {
      const Cell cell = marker_.map().find(wait.object);
      stuck.on_own_stack = member.memory->stack.contains(wait.object);
      stuck.object_bytes = stuck.on_own_stack ? 0 : marker_.map().at(cell).bytes;
    }
    add_queued_job(member, stuck);
    result_.threads.push_back(stuck);
    if (groups.size() >= kMostGroups) return;
    std::vector<Cell> cells;
    if (const Cell cell = marker_.map().find(member.memory->stack.start); cell != kNoCell)
      cells.push_back(cell);
    groups.push_back(std::move(cells));
  }

  void note_absent(int32_t owner) {
    std::string doubt = "that a lock's owner has ended (tid " + std::to_string(owner) +
                        ") its words alone say: who took it, and who may give it back, was not "
                        "recorded";
    if (std::find(result_.doubts.begin(), result_.doubts.end(), doubt) == result_.doubts.end())
      result_.doubts.push_back(std::move(doubt));
  }

  // What only the program's own word says: who owns what is waited for. False: that is not why.
  bool add_told(const Member& member, StuckThread& stuck) {
    stuck.own_wait_told = true;
    const ToldObject* object = told_object(trace_, member.thread->wait.object);
    if (object == nullptr || object->owner == 0) return false;
    stuck.other = object->owner;
    stuck.by = StuckBy::owner;
    if (owner_is_over(object->owner)) stuck.by = StuckBy::owner_ended;
    for (const WaitEdge& edge : graph_.edges[member.index])
      if (edge.fiber != 0) stuck.by = StuckBy::fiber;
    return true;
  }

  // Every task there is stands in the record, unless some were lost.
  bool owner_is_over(uint32_t task) const {
    return trace_.complete() &&
           std::none_of(trace_.threads.begin(), trace_.threads.end(),
                        [&](const Thread& thread) {
                          return thread.id == task && thread.state != TaskState::ended;
                        }) &&
           std::none_of(trace_.fibers.begin(), trace_.fibers.end(),
                        [&](const Fiber& fiber) { return fiber.id == task; });
  }

  void add_queued_job(const Member& member, StuckThread& waiting) {
    const Wait& wait = member.thread->wait;
    if (!waits_on_object(wait.kind) || searched_ >= kMostSearched) return;
    ++searched_;
    const auto job = find_queued_job(marker_, picture_, member.memory->stack, wait.object);
    if (!job) return;
    waiting.queued_job = job->address;
    waiting.job_on_stack = job->on_stack;
  }

  // Threads that somebody might wake: who that may be, and the work they may have to do themselves.
  void find_waiting(Keepers& keepers) {
    for (const Member& member : members_) {
      if (!member.live || member.thread == nullptr || !member.memory->own ||
          !internal(*member.thread) || !sleeps_there(member.thread->wait, *member.memory))
        continue;
      StuckThread waiting;
      waiting.id = member.thread->id;
      waiting.sequence = member.thread->wait.sequence;
      waiting.object = member.thread->wait.object;
      add_queued_job(member, waiting);
      if (member.thread->wait.kind != WaitKind::join) waiting.known_to = keepers.of_object(waiting);
      result_.waiting.push_back(waiting);
    }
  }

  void find_orphans() {
    std::map<std::pair<uint32_t, StackIndex>, size_t> group_of;
    std::vector<std::vector<Cell>> groups;
    std::vector<size_t> counts;
    std::vector<std::pair<size_t, size_t>> members;  // orphan, group
    for (const Coroutine& coroutine : trace_.coroutines) {
      if (!orphanable(coroutine)) continue;
      const Cell cell = marker_.map().find(coroutine.address);
      if (cell == kNoCell || marker_.reached(cell) || !still_there(picture_, coroutine)) continue;
      Orphan orphan;
      orphan.address = coroutine.address;
      orphan.created_ticks = coroutine.created_ticks;
      orphan.inside_block = marker_.map().at(cell).address != coroutine.address;
      const auto [known, fresh] = group_of.try_emplace({coroutine.function, coroutine.created_at},
                                                       std::min(groups.size(), kMostGroups));
      if (fresh && known->second < kMostGroups) {
        groups.emplace_back();
        counts.push_back(0);
      }
      members.emplace_back(result_.coroutines.size(), known->second);
      result_.coroutines.push_back(orphan);
      if (known->second < kMostGroups) {
        groups[known->second].push_back(cell);
        ++counts[known->second];
      }
    }
    const std::vector<uint64_t> bytes = marker_.held_only_by(groups);
    for (const auto& [orphan, group] : members)
      if (group < bytes.size())
        result_.coroutines[orphan].held_bytes = bytes[group] / counts[group];
  }

  // What only they keep: everything is marked once more without them.
  void measure_kept() {
    if (result_.scanned_bytes > kMostMeasured) return;
    Marker all(picture_.regions, picture_.blocks);
    std::swap(all, marker_);
    std::map<std::pair<uint32_t, StackIndex>, size_t> known;  // function, creation stack
    std::vector<std::vector<Cell>> groups;
    std::unordered_map<uint64_t, size_t> group_of;
    for (const Coroutine& coroutine : trace_.coroutines) {
      const Kept* kept = kept_frame(result_, coroutine.address);
      const Cell cell = marker_.map().find(coroutine.address);
      if (kept == nullptr || cell == kNoCell) continue;
      const auto [entry, fresh] =
          known.try_emplace({coroutine.function, coroutine.created_at}, groups.size());
      if (fresh) groups.emplace_back();
      groups[entry->second].push_back(cell);
      group_of[coroutine.address] = entry->second;
    }
    for (const auto& group : groups)
      for (const Cell cell : group) marker_.exclude(cell);
    entries_.mark_roots();
    for (const Member& member : members_) entries_.mark_own(member);
    for (const Orphan& orphan : result_.coroutines)
      if (const Cell cell = marker_.map().find(orphan.address); cell != kNoCell)
        marker_.mark_block(cell, 0);
    marker_.finish();
    for (const auto& group : groups)
      for (const Cell cell : group) marker_.include(cell);
    const std::vector<uint64_t> bytes = marker_.held_only_by(groups);
    for (Kept& kept : result_.kept)
      if (const auto group = group_of.find(kept.address); group != group_of.end())
        kept.held_bytes = bytes[group->second] / groups[group->second].size();
    std::swap(all, marker_);
  }

  // Blocks that not even a task that is lost refers to.
  void find_leaked() {
    for (const Orphan& orphan : result_.coroutines)
      if (const Cell cell = marker_.map().find(orphan.address); cell != kNoCell)
        marker_.mark_block(cell, 0);
    for (const LostFiber& fiber : result_.fibers)
      if (const Cell cell = marker_.map().find(fiber.stack); cell != kNoCell)
        marker_.mark_block(cell, 0);
    // Frames that exit was called from do not go on, but what they refer to is not forgotten.
    if (trace_.end != ProcessEnd::main_returned)
      for (const ThreadMemory& thread : picture_.threads)
        if (thread.own) entries_.mark_range(thread.stack.start, thread.stack.end);
    marker_.finish();
    result_.leaked =
        leaked_blocks(trace_, picture_, marker_, kMostGroups, result_.unrecorded_blocks);
  }

  const bool with_memory_;
  const Trace& trace_;
  const MemoryPicture& picture_;
  Marker marker_;
  EntryPoints entries_;
  WaitGraph graph_;
  Fixpoint result_;
  std::vector<Member> members_;
  size_t searched_ = 0;
  std::unordered_map<size_t, size_t> by_index_;  // trace thread -> member
};

// Coroutines that were found reached only for what a container left behind when they were taken
// out.
void add_taken_out(Fixpoint& result, const Trace& trace, const MemoryPicture& picture) {
  if (result.asleep || !result.blind.empty() || result.scanned_bytes > kMostMeasured) return;
  const std::optional<MemoryPicture> blanked = without_taken_out(trace, picture, result);
  if (!blanked) return;
  const Fixpoint without = Solver(trace, *blanked, false).solve();
  // No thread is judged by that.
  if (without.coherent != result.coherent || without.threads.size() != result.threads.size())
    return;
  const size_t known = result.coroutines.size();
  for (Orphan orphan : without.coroutines) {
    if (std::any_of(result.coroutines.begin(),
                    result.coroutines.begin() + static_cast<ptrdiff_t>(known),
                    [&](const Orphan& other) { return other.address == orphan.address; }))
      continue;
    orphan.taken_out = true;
    result.coroutines.push_back(orphan);
    std::erase_if(result.kept, [&](const Kept& kept) { return kept.address == orphan.address; });
  }
}

Fixpoint solve(const Trace& trace, const MemoryPicture& picture, bool with_memory) {
  Fixpoint result = Solver(trace, picture, with_memory).solve();
  add_taken_out(result, trace, picture);
  return result;
}

}  // namespace

// First from what was seen alone. Then once more with what the program tells of its own waits:
// what is stuck only then is so if that is true.
Fixpoint find_fixpoint(const Trace& trace, const MemoryPicture& picture, bool with_memory) {
  if (!any_told_wait(trace)) return solve(trace, picture, with_memory);
  Trace copy = trace;
  use_seen_waits(copy);
  Fixpoint result = solve(copy, picture, with_memory);
  use_told_waits(copy);
  Fixpoint told = Solver(copy, picture, false).solve();
  result.poller_ran = told.poller_ran;
  for (StuckThread& stuck : told.threads) {
    if (std::any_of(result.threads.begin(), result.threads.end(),
                    [&](const StuckThread& known) { return known.id == stuck.id; }))
      continue;
    stuck.told = true;
    result.threads.push_back(stuck);
  }
  return result;
}

}  // namespace track::analyze
