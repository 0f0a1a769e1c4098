// loader.h: what control/binding wants to know of the loader's names: that modules may have come.
#pragma once

#include <atomic>

namespace track::interpose {

// Called after a dlopen, or before the next dlsym; null: nobody cares.
extern std::atomic<void (*)()> after_dlopen;

// dlsym is taken over only where references are turned one by one: preloaded, no module is missed.
using Dlsym = void* (*)(void*, const char*);
Dlsym real_dlsym();  // looked up at the first call
Dlsym bound_dlsym();

}  // namespace track::interpose
