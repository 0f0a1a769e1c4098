// Names as people read them. Pure functions, any thread; never fail: a name that is not understood
// comes back as it was.
#pragma once

#include <string>
#include <string_view>

namespace track::symbolize {

// `_ZN3app3topEi` -> `app::top(int)`. C names stay. Compiler clones (`.cold`, `.part.0`,
// `.constprop.0`, `.lto_priv.1` ...) read as the function they were made from, and the parts of a
// coroutine (`.actor`, `.resume`, `.destroy`, `.cleanup`) as the coroutine function itself.
std::string demangle(std::string_view mangled);

}  // namespace track::symbolize
