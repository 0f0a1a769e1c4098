// modules.h: which file was mapped where, with its build-id, so that an address can be named later,
// even after its module is gone. No loader lock is ever taken from a hook: unknown addresses are
// asked of _dl_find_object, which is lock-free and safe in signal handlers.
#pragma once

#include <cstdint>

namespace track::core {

void start_modules();  // the modules of the start, from the constructor only

// A text among the strings; 0: no room. From the constructor only.
uint64_t add_string(const char* text);

void restart_modules_after_fork();

// Records the module of a code address, if it is not known yet. Any context.
void note_module_of(uint64_t address);

// dlopen is about to map, or dlclose has just unmapped: rules and remembered stacks may be stale.
void modules_changing();
void modules_closed();

// Hull of executable segments of all modules seen; a cheap first test for "is this code?".
struct CodeRange {
  uint64_t low, high;
};
bool is_code(uint64_t address);

}  // namespace track::core
