#include "cli/model/utf8.h"

#include <algorithm>
#include <cstdint>

namespace track {
namespace {

constexpr std::string_view kNeverCharacters[] = {"\xef\xbf\xbe", "\xef\xbf\xbf"};  // not in XML

bool control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1)
    return (first < 0x20 && first != '\n' && first != '\t' && first != '\r') || first == 0x7f;
  return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

size_t character_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const size_t count = byte(0) >= 0xf0 && byte(0) < 0xf5   ? 4
                       : byte(0) >= 0xe0 && byte(0) < 0xf0 ? 3
                       : byte(0) >= 0xc2 && byte(0) < 0xe0 ? 2
                                                           : 0;
  if (count == 0 || text.size() < count) return 0;
  uint32_t value = byte(0) & (0xffu >> (count + 1));
  for (size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte(i) & 0x3f);
  }
  const bool shortest = count == 2 || (count == 3 ? value >= 0x800 : value >= 0x10000);
  const bool allowed = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return shortest && allowed ? count : 0;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t count = character_bytes(text);
    const std::string_view character = text.substr(0, count);
    const bool bad = count == 0 || control(character) ||
                     std::find(std::begin(kNeverCharacters), std::end(kNeverCharacters),
                               character) != std::end(kNeverCharacters);
    result += bad ? kNoCharacter : character;
    text.remove_prefix(std::max<size_t>(count, 1));
  }
  return result;
}

std::string printable_line(std::string_view text) {
  std::string result = printable(text);
  for (char& c : result)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return result;
}

}  // namespace track
