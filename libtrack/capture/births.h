// births.h: where locks, conditions and semaphores were initialized, and how often at one address:
// two locks that lived at one address one after the other are told apart. A cache: bounded, and
// what was pushed out of it was never seen. Any thread, signal handlers too.
//
// std::mutex and whatever else is initialized statically never comes by: no birth is known of it.
#pragma once

#include <cstdint>

#include "libtrack/core/unwind.h"

namespace track::capture {

struct Birth {
  uint32_t number = 0;  // 0: not seen; no two objects share one
  uint32_t stack = 0;
};

void note_birth(const volatile void* object, const core::Registers& registers);
void note_death(const volatile void* object);
Birth birth_of(const volatile void* object);

}  // namespace track::capture
