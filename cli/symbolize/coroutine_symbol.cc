#include "cli/symbolize/coroutine_symbol.h"

#include <cctype>
#include <charconv>

#include "cli/symbolize/demangle.h"

namespace track::symbolize {
namespace {

struct Part {
  std::string_view suffix;
  CoroutineSymbol::Role role;
};
constexpr Part kParts[] = {{".actor", CoroutineSymbol::resume},
                           {".resume", CoroutineSymbol::resume},
                           {".destroy", CoroutineSymbol::destroy},
                           {".cleanup", CoroutineSymbol::destroy}};

// Where `suffix` ends a word of `name`: at its end, or before another dot (`.actor.cold`).
size_t find_word(std::string_view name, std::string_view suffix) {
  for (size_t at = name.find(suffix); at != std::string_view::npos;
       at = name.find(suffix, at + 1)) {
    const size_t end = at + suffix.size();
    if (end == name.size() || name[end] == '.') return at;
  }
  return std::string_view::npos;
}

// GCC 12 embeds the frame type's name, `<len><ramp>.Frame`; the length says where the ramp begins.
// A shorter count may also end in the same digits, so the longest ramp that fits its count wins;
// but digits inside of other names (`__cxx1112basic_string`) may fit by chance: a mangled one
// first.
std::string_view ramp_before_frame(std::string_view until_frame) {
  constexpr size_t kFrameWord = sizeof(".Frame") - 1;
  std::string_view longest;
  for (size_t begin = 1; begin < until_frame.size(); ++begin) {
    if (!std::isdigit(static_cast<unsigned char>(until_frame[begin - 1]))) continue;
    const size_t length = until_frame.size() - begin + kFrameWord;
    const std::string count = std::to_string(length);
    if (!until_frame.substr(0, begin).ends_with(count)) continue;
    const std::string_view ramp = until_frame.substr(begin);
    if (ramp.starts_with("_Z")) return ramp;
    if (longest.empty()) longest = ramp;
  }
  return longest;
}

bool plausible_ramp(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '$' && c != '.') {
      return false;
    }
  }
  return name.starts_with("_Z") || name.find('.') == std::string_view::npos;
}

}  // namespace

std::optional<CoroutineSymbol> coroutine_symbol(std::string_view raw_symbol) {
  for (const Part& part : kParts) {
    const size_t at = find_word(raw_symbol, part.suffix);
    if (at == std::string_view::npos || at == 0) continue;
    std::string_view ramp = raw_symbol.substr(0, at);
    if (ramp.ends_with(".Frame")) {
      ramp = ramp_before_frame(ramp.substr(0, ramp.size() - (sizeof(".Frame") - 1)));
    }
    if (!plausible_ramp(ramp)) continue;
    return CoroutineSymbol{part.role, std::string(ramp), demangle(ramp)};
  }
  return std::nullopt;
}

}  // namespace track::symbolize
