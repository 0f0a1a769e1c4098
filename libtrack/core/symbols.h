// symbols.h: the address of another module's exported function, found without dlsym: that leaves a
// message for the target's dlerror() and allocates when it fails.
#pragma once

namespace track::core {

// The first module after libtrack itself, in the order of loading, that defines the name; modules
// loaded with RTLD_LOCAL included. Null when there is none. Takes the loader's list lock
// (recursive, held by nobody who waits for us): for slow paths.
void* find_exported(const char* name);

}  // namespace track::core
