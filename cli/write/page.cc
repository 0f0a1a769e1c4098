#include "cli/write/page.h"

namespace track::write {

std::string Page::ink(Ink ink, std::string_view text) const {
  static constexpr const char* kCodes[] = {"",         "\033[1m",  "\033[1;31m",
                                           "\033[33m", "\033[32m", "\033[2m"};
  if (!options_.colour || ink == Ink::plain || text.empty()) return std::string(text);
  return kCodes[static_cast<int>(ink)] + std::string(text) + "\033[0m";
}

void Page::line(std::string_view text) {
  text_ += text;
  text_ += '\n';
}

void Page::wrapped(std::string_view text, size_t indent, size_t hang, Ink colour) {
  size_t at = indent;
  while (!text.empty()) {
    const size_t room = options_.width > at + 20 ? options_.width - at : 20;
    size_t take = text.size();
    if (take > room) {
      take = text.rfind(' ', room);
      if (take == std::string_view::npos || take == 0) take = text.find(' ');
      if (take == std::string_view::npos) take = text.size();
    }
    line(std::string(at, ' ') + ink(colour, text.substr(0, take)));
    text.remove_prefix(take);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    at = hang;
  }
}

std::string Page::short_path(const std::string& path) const {
  const std::string& directory = options_.directory;
  if (!directory.empty() && path.size() > directory.size() + 1 &&
      path.compare(0, directory.size(), directory) == 0 && path[directory.size()] == '/')
    return path.substr(directory.size() + 1);
  return path;
}

std::string fitted(const std::string& text, size_t width) {
  if (text.size() <= width) return text;
  return width < 3 ? text.substr(0, width) : text.substr(0, width - 2) + "..";
}

}  // namespace track::write
