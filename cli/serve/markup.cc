#include "cli/serve/markup.h"

#include "cli/model/utf8.h"

namespace track::serve {

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
      result += kNoCharacter;
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
