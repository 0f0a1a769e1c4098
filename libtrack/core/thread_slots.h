// thread_slots.h: the thread slots of the live table, handed out and taken back.
//
// A slot is pinned by its creator (until pthread_create has returned), by its thread (until its
// last destructor round), by its handle (until joined or detached) and, rarely, by locks the
// thread took to its grave. It is reused when the last pin goes.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/holds.h"

namespace track::core {

bool make_slots();  // once, before the others
uint32_t slot_index(const wire::ThreadSlot* slot);

wire::ThreadSlot* claim_slot(uint32_t pins);  // null: table full, counted
void unpin(wire::ThreadSlot* slot, uint32_t pins = 1);
// A thread that ended holding locks keeps its slot until the last of them is struck out.
void unpin_if_nothing_held(wire::ThreadSlot* slot);
// Gives the handle's pin back once, whoever comes first of join and detach.
bool release_handle(wire::ThreadSlot* slot, uint32_t flag);

// Whoever pinned it is no more: a parent's, after fork.
void free_slot(wire::ThreadSlot* slot);

bool holds_any(const wire::ThreadSlot* slot);

// With locks=all: since when the slot's locks are held; null = no room, or not recorded.
wire::HeldSince* held_since(const wire::ThreadSlot* slot);

}  // namespace track::core
