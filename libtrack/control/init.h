// init.h: the order in which the tracker starts, in one place.
#pragma once

namespace track::control {

// From the library's constructor, once, before main; environment as the loader passes it.
void start(const char* const* environment);

}  // namespace track::control
