// labels.h: the sets of labels that tasks have (wire/labels.h), and the running task's. A set is
// named by its index, 0 is the empty one. Lock-free; callers are inside a BusyScope.
#pragma once

#include <cstdint>

#include "libtrack/core/fiber_table.h"
#include "libtrack/core/thread_state.h"

namespace track::core {

inline constexpr uint32_t kNoRoom = UINT32_MAX;

// The set with key = value in the place of an earlier value; value null: without the key. kNoRoom
// is counted as lost.
uint32_t labels_with(uint32_t set, const char* key, const char* value);
bool is_label_set(uint32_t set);
// Null: the set has no such key.
const char* label_value(uint32_t set, const char* key);

// Index of a text among those of keys and values; 0: no room, counted.
uint32_t kept_text(const char* text);
const char* text_at(uint32_t index);  // "" for 0 and for what is none

// Number of a pair as it stands in sets; 0: no set has it yet.
uint32_t label_pair(const char* key, const char* value);
bool has_pair(uint32_t set, uint32_t pair);

// Those of the task that runs: fibers have their own. A fiber whose function has returned was left
// without a switch that could be seen, so the stack pointer is asked.
uint32_t labels_of_slot(const wire::ThreadSlot* slot);
inline uint32_t current_labels() {
  if (__builtin_expect(this_thread.fiber == 0, 1)) return this_thread.labels;
  const auto sp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  const wire::FiberSlot& fiber = fiber_slot(this_thread.fiber);
  if (sp - fiber.stack_low < fiber.stack_high - fiber.stack_low) return this_thread.labels;
  return labels_of_slot(this_thread.slot);
}
void use_labels(uint32_t set);
// After a switch to another fiber, or (0) to the thread's own stack.
void take_labels_of(uint32_t fiber);

}  // namespace track::core
