// Text as a terminal shows it: names are the target's, and may be anything.
#pragma once

#include <string>
#include <string_view>

namespace track::top {

// Control characters, those that turn the direction of writing, and what is no UTF-8 become '?';
// in a terminal that is not UTF-8 (`wide` false) everything but ASCII.
std::string shown(std::string_view text, bool wide);

// Without what says nothing on a narrow screen: "(anonymous namespace)::".
std::string brief(std::string text);

// How many columns it takes; of shown() text.
size_t columns_of(std::string_view text);

// Exactly so many columns: cut, which ends in "..", or filled with spaces.
std::string in_columns(std::string_view text, size_t columns, bool right = false);
// At most so many.
std::string cut_to(std::string_view text, size_t columns);

}  // namespace track::top
