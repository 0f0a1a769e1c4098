// The scopes that the program opened (wire/scopes.h), before any task that has one.
#include "libtrack/wire/scopes.h"

#include <algorithm>
#include <charconv>

#include "cli/model/labels.h"
#include "cli/read/image.h"

namespace track::read {

using wire::ScopeSlot;
using wire::ScopeState;

void read_scopes(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::scopes);
  const uint64_t slots = std::min<uint64_t>(section.used, wire::kScopeSlots);
  std::vector<uint32_t> parents;
  for (uint64_t i = 1; i < slots; ++i) {
    Copy<ScopeSlot> slot, again;
    const uint64_t at = section.offset + i * sizeof(ScopeSlot);
    if (!image.bytes().read(at, &slot, sizeof slot) ||
        !image.bytes().read(at, &again, sizeof again))
      return image.warn("the scopes could not be read");
    const ScopeState state = slot->state.load(std::memory_order_acquire);
    if ((state != ScopeState::open && state != ScopeState::ended && state != ScopeState::sought) ||
        again->state.load(std::memory_order_acquire) < ScopeState::open ||
        again->generation.load() != slot->generation.load())
      continue;
    TaskScope scope;
    scope.name = image.text(slot->name.load(std::memory_order_relaxed));
    scope.opener = slot->opener.load(std::memory_order_relaxed);
    scope.ender = slot->ender.load(std::memory_order_relaxed);
    scope.ended = state != ScopeState::open;
    if (const uint64_t ticks = slot->opened_ticks.load(); ticks != 0)
      scope.opened_ns = image.to_ns(ticks);
    if (const uint64_t ticks = slot->ended_ticks.load(); scope.ended && ticks != 0)
      scope.ended_ns = image.to_ns(ticks);
    scope.opened_at = image.stack(slot->stack.load(std::memory_order_relaxed));
    parents.push_back(slot->parent.load(std::memory_order_relaxed));
    image.trace().scopes.push_back(std::move(scope));
    image.scopes_by_slot()[static_cast<uint32_t>(i)] = {
        static_cast<uint32_t>(image.trace().scopes.size()), slot->generation.load()};
  }
  for (size_t i = 0; i < parents.size(); ++i)
    if (const auto parent = image.scopes_by_slot().find(parents[i]);
        parent != image.scopes_by_slot().end() && parent->second.index != i + 1)
      image.trace().scopes[i].parent = parent->second.index;
}

// A slot that was used again meanwhile: tasks with its label may be of the later scope.
void check_scopes(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::scopes);
  for (const auto& [slot, place] : image.scopes_by_slot()) {
    Copy<ScopeSlot> now;
    if (!image.bytes().read(section.offset + slot * sizeof(ScopeSlot), &now, sizeof now) ||
        now->generation.load(std::memory_order_acquire) != place.generation)
      image.trace().scopes[place.index - 1].ended = false;
  }
}

// What the set calls its scope by becomes the scope's name.
void take_scope(Image& image, LabelList& labels, uint32_t set) {
  const auto label = std::find_if(labels.begin(), labels.end(),
                                  [](const Label& l) { return l.key == wire::kScopeKey; });
  if (label == labels.end()) return;
  uint32_t slot = 0;
  std::from_chars(label->value.data(), label->value.data() + label->value.size(), slot);
  const auto scope = image.scopes_by_slot().find(slot);
  if (scope == image.scopes_by_slot().end()) {
    labels.erase(label);
    return;
  }
  const std::string& name = image.trace().scopes[scope->second.index - 1].name;
  *label = {kScopeLabel, name.empty() ? "unnamed" : name};
  image.trace().label_scopes[set] = scope->second.index;
}

}  // namespace track::read
