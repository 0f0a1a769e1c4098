// init.h: the order in which the tracker starts and ends, in one place.
#pragma once

namespace track::control {

// From the library's constructor, once, before main; environment as the loader passes it.
void start(const char* const* environment);

// The last thing: after the target's static destructors as far as the loader's order allows.
void finish();

}  // namespace track::control
