// Names that come from a target may hold any bytes; what reads our files wants UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace track {

inline constexpr std::string_view kNoCharacter = "\xef\xbf\xbd";  // U+FFFD

// Bytes of the well-formed character that begins here; 0: none does. `text` is not empty.
size_t character_bytes(std::string_view text);

// With U+FFFD for every byte that belongs to no character, and for every control character but
// line ends and tabs: what XML can hold and a terminal does not act on.
std::string printable(std::string_view text);

// The same on one line: a space stands for each line end and tab.
std::string printable_line(std::string_view text);

}  // namespace track
