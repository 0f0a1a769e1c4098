#include "cli/analyze/entry_points.h"

#include <algorithm>

#include "cli/analyze/retention.h"

namespace track::analyze {

void EntryPoints::mark_range(uint64_t start, uint64_t end) {
  auto region =
      std::upper_bound(picture_.regions.begin(), picture_.regions.end(), start,
                       [](uint64_t address, const MemoryRegion& r) { return address < r.end(); });
  for (; region != picture_.regions.end() && region->address < end; ++region) {
    const uint64_t from = std::max(start, region->address);
    const uint64_t to = std::min(end, region->end());
    if (from < to)
      marker_.mark_from(region->bytes.subspan(from - region->address, to - from), from);
  }
}

void EntryPoints::mark_plain_roots() {
  auto hole = picture_.not_roots.begin();
  for (const MemoryRegion& region : picture_.regions) {
    uint64_t at = region.address;
    while (hole != picture_.not_roots.end() && hole->end <= at) ++hole;
    for (auto next = hole; at < region.end(); ++next) {
      const bool more = next != picture_.not_roots.end() && next->start < region.end();
      const uint64_t end = more ? std::max(at, next->start) : region.end();
      if (at < end) marker_.mark_from(region.bytes.subspan(at - region.address, end - at), at);
      if (!more) break;
      at = std::max(at, next->end);
    }
  }
}

Cell EntryPoints::list_of(const ThreadMemory& thread) const {
  const Cell cell = thread.own ? marker_.map().find(thread.variables) : kNoCell;
  return cell != kNoCell && marker_.map().at(cell).address == thread.variables ? cell : kNoCell;
}

void EntryPoints::set_lists_aside() {
  for (const ThreadMemory& thread : picture_.threads)
    if (const Cell list = list_of(thread); list != kNoCell) marker_.exclude(list);
}

void EntryPoints::take_list_back(const ThreadMemory& thread) {
  const Cell list = list_of(thread);
  if (list != kNoCell && marker_.referrer(list) == 0) marker_.include(list);
}

void EntryPoints::mark_roots() {
  mark_plain_roots();
  for (uint32_t i = 0; i < picture_.kernel_words.size(); ++i)
    marker_.mark_word(picture_.kernel_words[i].value, in_kernel(i));
  for (uint32_t i = 0; i < picture_.declared_words.size(); ++i)
    marker_.mark_word(picture_.declared_words[i], in_declared(i));
  for (const AddressRange& root : picture_.declared_roots)
    mark_range(root.start & ~uint64_t{7}, root.end);
  // A handler runs in whatever thread a signal finds, with that thread's own variables.
  if (picture_.signal_handlers)
    for (const ThreadMemory& thread : picture_.threads)
      if (thread.own) {
        take_list_back(thread);
        mark_range(thread.list.start, thread.list.end);
        mark_range(thread.control.start, thread.control.end);
      }
}

// Who ends the process does not return to its frames. What exit handlers know lies elsewhere.
bool EntryPoints::leaves_its_frames(const Member& member) const {
  return trace_.held_at_exit && !picture_.signal_handlers && member.thread != nullptr &&
         member.thread->id == trace_.exit_task;
}

void EntryPoints::mark_own(const Member& member) {
  const ThreadMemory& own = *member.memory;
  const bool leaves = leaves_its_frames(member);
  const auto number = static_cast<uint32_t>(&own - picture_.threads.data());
  if (!leaves)
    for (const uint64_t value : own.registers) marker_.mark_word(value, in_registers(number));
  if (!own.own) return;
  take_list_back(own);
  mark_range(own.list.start, own.list.end);
  // exit() does not use the way out of main.
  const uint64_t way_out = leaves && own.way_out != 0 ? own.way_out : own.control.end;
  mark_range(own.control.start, way_out);
  mark_range(way_out + 8, own.control.end);
  if (leaves) return;
  if (const Cell cell = marker_.map().find(own.stack.start); cell != kNoCell)
    marker_.mark_block(cell, 0);
}

void EntryPoints::find_disguises() {
  const std::vector<Cell> lost = marker_.unreached();
  Disguises disguises(marker_.map(), lost, picture_.pointer_guard);
  for (const MemoryRegion& region : picture_.regions)
    disguises.search(region.bytes, region.address);
  for (uint32_t i = 0; i < picture_.threads.size(); ++i)
    disguises.search_words(picture_.threads[i].registers, in_registers(i));
  for (uint32_t i = 0; i < picture_.kernel_words.size(); ++i)
    disguises.search_words({&picture_.kernel_words[i].value, 1}, in_kernel(i));
  for (uint32_t i = 0; i < picture_.declared_words.size(); ++i)
    disguises.search_words({&picture_.declared_words[i], 1}, in_declared(i));
  disguised_ = disguises.found();
  disguises_known_ = true;
}

bool EntryPoints::see_through_disguises(const std::vector<Member>& members) {
  if (!disguises_known_) return false;
  bool any = false;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Disguised& one : disguised_) {
      if (marker_.reached(one.to) || !is_seen(one.at, members)) continue;
      marker_.mark_block(one.to, one.at);
      changed = true;
    }
    marker_.finish();
    changed = xor_links_.follow() || changed;
    any = any || changed;
  }
  return any;
}

// Whether what stands there is among what has been marked from.
bool EntryPoints::is_seen(uint64_t at, const std::vector<Member>& members) const {
  if (at >> 48 == 0xfffe || at >> 48 == 0xfffd) return true;
  if (at >> 48 == 0xffff) {
    const Member& member = members[at & 0xffffffff];
    return (member.live && !leaves_its_frames(member)) || all_seen_;
  }
  if (in_one_of(picture_.declared_roots, at)) return true;
  if (const Cell cell = marker_.map().find(at); cell != kNoCell) return marker_.reached(cell);
  for (const Member& member : members)
    if (member.memory->own &&
        (member.memory->control.contains(at) || member.memory->list.contains(at)))
      return !(leaves_its_frames(member) && at - (member.memory->way_out - 7) < 15) &&
             (member.live || picture_.signal_handlers || all_seen_);
  return !in_one_of(picture_.not_roots, at);
}

}  // namespace track::analyze
