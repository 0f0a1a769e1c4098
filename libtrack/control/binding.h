// binding.h: references of modules that were loaded before us (track attach): what they hold for
// the names we take over is turned to our definitions, and back. Preloading does the same by the
// loader's order; here the words themselves are written, each in one store, so that a thread which
// calls through one at that moment reaches the old definition or the new one.
//
// A reference is turned only where it leads to the definition that ours stands before; one that the
// program defines itself, or has set to something else, is left alone.
#pragma once

#include <cstdint>

namespace track::control {

struct Bound {
  uint32_t references = 0;    // turned, or turned back
  uint32_t left_alone = 0;    // of our names, but leading elsewhere, or not to be written
  uint32_t modules = 0;       // looked at
  char left_names[256] = {};  // of some that were left alone
};

// All modules of the program's namespace, and from then on those that dlopen brings. By one thread
// at a time; allocates nothing; takes the loader's lock.
Bound bind_references();
// Every word that is still ours gets back what it held.
Bound unbind_references();

}  // namespace track::control
