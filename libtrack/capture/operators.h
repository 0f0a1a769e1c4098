// operators.h: does operator new mean malloc in this process?
//
// Yes when nobody replaced it (the first definition in the global scope is our hook), the next one
// is libstdc++'s, libc++'s or the allocator's own, and malloc and free are not the executable's,
// which come before our hooks and which next to us nobody finds. Decided once, when the library
// starts; until then no.
#pragma once

namespace track::capture {

extern bool standard_operators;
inline bool operators_are_standard() {
  return standard_operators;
}

// The same for delete with an alignment, which a program may replace alone.
extern bool standard_aligned_operators;
inline bool aligned_operators_are_standard() {
  return standard_aligned_operators;
}

// The definition an operator's hook goes on to; null where there is none at all. A C++ runtime that
// came with a plug-in is not in the global scope: it is asked by name.
void* next_operator(const char* symbol);
// The definition in the module that the address lies in (a plug-in out of the global scope that
// brought its own C++ runtime), or null. Good for one call: the module may go.
void* callers_operator(const char* symbol, const void* return_address);

// Is the first definition of the symbol in the global scope ours?
bool comes_first(const char* symbol);

void start_operators();

}  // namespace track::capture
