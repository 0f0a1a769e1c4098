#include "cli/serve/markup.h"

#include <cstdint>

namespace track::serve {
namespace {

// Bytes of the well-formed character that begins here; 0: none does.
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

}  // namespace

std::string escaped_html(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (c == '\'')
      result += "&#39;";
    else
      result += c;
  }
  return result;
}

std::string escaped_label(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t count = character_bytes(text);
    if (count == 0)
      result += "\xef\xbf\xbd";
    else if (text[0] == '\\')
      result += "\\\\";
    else if (text[0] == '"')
      result += "\\\"";
    else if (text[0] == '\n')
      result += "\\n";
    else
      result += text.substr(0, count);
    text.remove_prefix(count == 0 ? 1 : count);
  }
  return result;
}

}  // namespace track::serve
