#include "cli/analyze/keepers.h"

#include <algorithm>
#include <cstring>

#include "cli/analyze/orphanable.h"

namespace track::analyze {
namespace {

constexpr size_t kMostGroups = 256;

bool parked(const Fiber& fiber) {
  return fiber.state == TaskState::suspended && fiber.context != 0;
}

}  // namespace

Keepers::Keepers(const Trace& trace, const MemoryPicture& picture, const Marker& marker,
                 Fixpoint& result)
    : trace_(trace),
      picture_(picture),
      marker_(marker),
      result_(result),
      finder_(trace, picture, marker) {}

uint32_t Keepers::add(std::vector<RetentionStep> path) {
  if (path.empty() || result_.retentions.size() >= kMostGroups * 3) return 0;
  result_.retentions.push_back(std::move(path));
  return static_cast<uint32_t>(result_.retentions.size());
}

void Keepers::find_coroutines() {
  const bool few = trace_.coroutines.size() <= kMostGroups;
  std::map<std::pair<uint32_t, StackIndex>, uint32_t> known;  // function, creation stack
  for (const Coroutine& coroutine : trace_.coroutines) {
    if (!orphanable(coroutine)) continue;
    const Cell cell = marker_.map().find(coroutine.address);
    if (cell == kNoCell || !marker_.reached(cell)) continue;
    const auto [entry, fresh] = known.try_emplace({coroutine.function, coroutine.created_at},
                                                  uint32_t(result_.retentions.size()));
    uint32_t at = entry->second;
    if (fresh || few) {
      if (result_.retentions.size() >= kMostGroups) continue;
      at = static_cast<uint32_t>(result_.retentions.size());
      result_.retentions.push_back(finder_.path_to(cell));
    }
    result_.kept.push_back({coroutine.address, coroutine.created_ticks, 0, at});
  }
  std::sort(result_.kept.begin(), result_.kept.end(),
            [](const Kept& a, const Kept& b) { return a.address < b.address; });
}

uint32_t Keepers::of_object(const StuckThread& waiting) {
  const auto [entry, fresh] = objects_.try_emplace(waiting.object, 0);
  if (!fresh || objects_.size() > kMostGroups) return entry->second;
  std::vector<RetentionStep> path = finder_.path_to_address(waiting.object);
  // That it knows the object itself says nothing of who else does.
  if (!path.empty() && path.front().sort == RetentionStep::Sort::stack &&
      path.front().number == waiting.id && path.size() > 1)
    return 0;
  return entry->second = add(std::move(path));
}

void Keepers::find_fibers() {
  std::vector<const Fiber*> mapped;
  for (const Fiber& fiber : trace_.fibers) {
    if (!parked(fiber) || result_.kept_fibers.size() >= kMostGroups) continue;
    bool in_block = false;
    for (const uint64_t address : {fiber.context, fiber.stack_high - 8}) {
      const Cell cell = marker_.map().find(address);
      if (cell == kNoCell || !marker_.map().is_block(cell)) continue;
      in_block = true;
      if (!marker_.reached(cell)) continue;
      if (const uint32_t at = add(finder_.path_to(cell)); at != 0)
        result_.kept_fibers.push_back({fiber.id, fiber.switches, at - 1});
      break;
    }
    if (!in_block) mapped.push_back(&fiber);
  }
  if (!mapped.empty()) find_mapped(mapped);
}

// What stands there is a root, or in something that was reached.
bool Keepers::counts(uint64_t address) const {
  if (const Cell cell = marker_.map().find(address); cell != kNoCell)
    return marker_.map().is_block(cell) && marker_.reached(cell);
  const auto after = std::upper_bound(
      picture_.not_roots.begin(), picture_.not_roots.end(), address,
      [](uint64_t value, const AddressRange& range) { return value < range.start; });
  return after == picture_.not_roots.begin() || !std::prev(after)->contains(address);
}

// Stacks with mappings of their own are in no block: everything is looked through for a word that
// leads into one, from outside of all of them.
void Keepers::find_mapped(const std::vector<const Fiber*>& fibers) {
  std::vector<const Fiber*> sorted = fibers;
  std::sort(sorted.begin(), sorted.end(),
            [](const Fiber* a, const Fiber* b) { return a->stack_low < b->stack_low; });
  const auto inside = [&](uint64_t address) -> const Fiber* {
    const auto after = std::upper_bound(
        sorted.begin(), sorted.end(), address,
        [](uint64_t value, const Fiber* fiber) { return value < fiber->stack_low; });
    if (after == sorted.begin() || address >= (*std::prev(after))->stack_high) return nullptr;
    return *std::prev(after);
  };
  const uint64_t low = sorted.front()->stack_low;
  uint64_t high = 0;
  for (const Fiber* fiber : sorted) high = std::max(high, fiber->stack_high);
  std::map<uint32_t, uint64_t> referrers;  // fiber -> address of the word
  for (const MemoryRegion& region : picture_.regions) {
    for (size_t at = (-region.address) % 8; at + 8 <= region.bytes.size(); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, region.bytes.data() + at, sizeof word);
      if (word - low >= high - low) continue;
      const Fiber* fiber = inside(word);
      const uint64_t place = region.address + at;
      if (fiber == nullptr || referrers.count(fiber->id) != 0 || inside(place) != nullptr ||
          !counts(place))
        continue;
      referrers[fiber->id] = place;
      if (referrers.size() == sorted.size()) break;
    }
  }
  for (const Fiber* fiber : sorted) {
    const auto known = referrers.find(fiber->id);
    if (known == referrers.end()) continue;
    std::vector<RetentionStep> path = finder_.path_to_address(known->second);
    RetentionStep last;
    last.sort = RetentionStep::Sort::fiber;
    last.address = fiber->stack_low;
    last.bytes = fiber->stack_high - fiber->stack_low;
    last.number = fiber->id;
    path.push_back(last);
    if (const uint32_t at = add(std::move(path)); at != 0)
      result_.kept_fibers.push_back({fiber->id, fiber->switches, at - 1});
  }
}

const Kept* kept_frame(const Fixpoint& fixpoint, uint64_t address) {
  const auto at = std::lower_bound(fixpoint.kept.begin(), fixpoint.kept.end(), address,
                                   [](const Kept& kept, uint64_t a) { return kept.address < a; });
  return at != fixpoint.kept.end() && at->address == address ? &*at : nullptr;
}

Fixpoint only_keepers(Fixpoint fixpoint) {
  Fixpoint only;
  only.taken = fixpoint.taken;
  only.cancels = std::move(fixpoint.cancels);
  only.lock_escape = std::move(fixpoint.lock_escape);
  only.waiting = std::move(fixpoint.waiting);
  for (StuckThread& waiting : only.waiting) waiting.queued_job = 0;
  only.retentions = std::move(fixpoint.retentions);
  only.kept = std::move(fixpoint.kept);
  only.kept_fibers = std::move(fixpoint.kept_fibers);
  return only;
}

}  // namespace track::analyze
