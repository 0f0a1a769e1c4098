// The functions a compiler makes of one coroutine, told by their symbol names. GCC 12 names them
// `<...>E<len><ramp>.Frame.actor` and `.Frame.destroy`, GCC 13 and later `<ramp>.actor` and
// `.destroy`, clang `<ramp>.resume`, `.destroy` and `.cleanup` (the ramp is the function as the
// user wrote it). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace track::symbolize {

struct CoroutineSymbol {
  enum Role { resume, destroy } role = resume;
  std::string ramp_linkage_name;  // "_ZN3app3topEi"
  std::string ramp;               // "app::top(int)"
};

// Nothing when the name is not one of a coroutine's parts.
std::optional<CoroutineSymbol> coroutine_symbol(std::string_view raw_symbol);

}  // namespace track::symbolize
