#include "cli/top/cells.h"

#include <wchar.h>

#include <algorithm>

namespace track::top {
namespace {

constexpr char32_t kBad = 0xffffffff;

// The character at `at`, which is moved behind it.
char32_t next(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 && first < 0xf5   ? 3
                   : first >= 0xe0 && first < 0xf0 ? 2
                   : first >= 0xc2 && first < 0xe0 ? 1
                                                   : 0;
  if (more == 0) return kBad;
  char32_t character = first & (0x3f >> more);
  size_t end = at;
  for (int i = 0; i < more; ++i, ++end) {
    if (end >= text.size() || (byte(end) & 0xc0) != 0x80) return kBad;
    character = character << 6 | (byte(end) & 0x3f);
  }
  static constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  if (character < kLeast[more] || character > 0x10ffff ||
      (character >= 0xd800 && character < 0xe000))
    return kBad;
  at = end;
  return character;
}

bool turns_writing(char32_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
         c == 0x200f || c == 0x61c;
}

int width_of(char32_t c) {
  return c < 0x80 ? 1 : wcwidth(static_cast<wchar_t>(c));
}

}  // namespace

std::string shown(std::string_view text, bool wide) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next(text, at);
    const bool good = c < 0x80 ? c >= 0x20 && c != 0x7f
                               : wide && c != kBad && !turns_writing(c) && width_of(c) > 0;
    if (good)
      result += text.substr(begin, at - begin);
    else
      result += c == '\t' ? ' ' : '?';
  }
  return result;
}

std::string brief(std::string text) {
  static const std::string kNoise = "(anonymous namespace)::";
  for (size_t at = text.find(kNoise); at != std::string::npos; at = text.find(kNoise, at))
    text.erase(at, kNoise.size());
  return text;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next(text, at);
    columns += c == kBad ? 1 : static_cast<size_t>(std::max(width_of(c), 0));
  }
  return columns;
}

std::string cut_to(std::string_view text, size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  const size_t room = columns < 3 ? columns : columns - 2;
  size_t taken = 0, at = 0;
  while (at < text.size()) {
    size_t behind = at;
    const char32_t c = next(text, behind);
    const size_t width = c == kBad ? 1 : static_cast<size_t>(std::max(width_of(c), 0));
    if (taken + width > room) break;
    taken += width;
    at = behind;
  }
  return std::string(text.substr(0, at)) + (columns < 3 ? "" : "..");
}

std::string in_columns(std::string_view text, size_t columns, bool right) {
  std::string cut = cut_to(text, columns);
  const size_t taken = columns_of(cut);
  const std::string space(columns > taken ? columns - taken : 0, ' ');
  return right ? space + cut : cut + space;
}

}  // namespace track::top
