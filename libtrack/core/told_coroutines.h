// told_coroutines.h: the live table of coroutines that the program tells about, and the places in
// its source that it names. An entry belongs to who runs the coroutine, who alone writes to it; it
// is found by its id, which the coroutine keeps, and which says nothing unless the frame is right.
//
// Those that make and erase entries are inside a BusyScope.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/told.h"

namespace track::core {

// Its id; 0: no room, counted. The entry's state is running.
uint32_t insert_told(uint64_t frame, uint64_t ticks, uint32_t creator, uint32_t stack);

// Null: not this process's, or over.
inline wire::ToldCoroutine* told_coroutine(uint32_t id, uint64_t frame) {
  if (__builtin_expect(!recording_is_ours(), 0)) return nullptr;
  if (uint64_t{id} - 1 >= section_capacity<wire::ToldCoroutine>(wire::SectionKind::told_coroutines))
    return nullptr;
  auto& slot = section_start<wire::ToldCoroutine>(wire::SectionKind::told_coroutines)[id - 1];
  return __builtin_expect(slot.frame.load(std::memory_order_relaxed) == frame, 1) ? &slot : nullptr;
}

// Whom coroutine_owner() (wire/declared.h) names; null: none, or it is over.
wire::ToldCoroutine* told_owner(uint32_t owner);

// reuse: false where the entry can only be taken out of the table, not used again.
void erase_told(wire::ToldCoroutine& slot, bool reuse);

// index + 1 of the place; 0: no room, counted. The texts are those of the module that is there now.
uint16_t told_place(const char* file, const char* function, uint32_t line);

// In a fork child: the parent's are forgotten unless told to keep them.
void restart_told_after_fork(bool keep);

// The running thread ends: the free entries it keeps go to all.
void give_back_told_slots();

}  // namespace track::core
