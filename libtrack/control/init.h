// init.h: the order in which the tracker starts, in one place.
#pragma once

#include <cstdint>

namespace track::control {

enum class Origin : uint32_t { preloaded = 0, attached = 1 };  // as in wire::Header

// From the library's constructor, once, before main, or by a thread of `track attach`'s making;
// environment as the loader passes it. False: nothing will be recorded.
bool start(const char* const* environment, Origin origin);

}  // namespace track::control
