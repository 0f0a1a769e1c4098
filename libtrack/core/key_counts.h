// key_counts.h: adds up in a table of wire::KeyCount. Lock-free; any thread, signal handlers too.
#pragma once

#include <cstdint>

#include "libtrack/wire/key_count.h"

namespace track::core {

// False: no room.
bool add_to_key(wire::KeyCount* entries, uint64_t capacity, uint64_t key, uint64_t n);

// A thread was created from this stack.
void count_thread_origin(uint32_t stack);

}  // namespace track::core
