// operators.h: does operator new mean malloc in this process?
//
// Yes when nobody replaced it (the first definition in the global scope is our hook) and the next
// one is libstdc++'s or libc++'s own. Decided once, when the library starts; until then no.
#pragma once

namespace track::capture {

extern bool standard_operators;
inline bool operators_are_standard() {
  return standard_operators;
}

void start_operators();

}  // namespace track::capture
