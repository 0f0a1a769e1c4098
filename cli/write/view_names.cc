#include "cli/write/view_names.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "cli/model/words.h"
#include "cli/write/json_parts.h"
#include "cli/write/view_columns.h"

namespace track::write {
namespace {

constexpr uint32_t kAround = 6;               // lines before and after
constexpr size_t kMostFiles = 2000;           // of sources
constexpr size_t kMostSourceBytes = 8 << 20;  // of one file, and of all the lines kept
constexpr size_t kMostLine = 400;
constexpr uint8_t kInlined = 1, kMark = 2;

struct Window {
  uint32_t first, last;
};

std::vector<Window> windows_around(const std::set<uint32_t>& lines) {
  std::vector<Window> windows;
  for (const uint32_t line : lines) {
    const uint32_t first = line > kAround ? line - kAround : 1, last = line + kAround;
    if (!windows.empty() && first <= windows.back().last + 1)
      windows.back().last = last;
    else
      windows.push_back({first, last});
  }
  return windows;
}

// No device, no pipe: what DWARF names may be anything.
bool is_source(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<uint64_t>(status.st_size) <= kMostSourceBytes;
}

Json read_windows(const std::string& path, const std::vector<Window>& windows, size_t& bytes) {
  Json all = Json::array();
  std::ifstream file(path);
  std::string text;
  size_t at = 0;
  for (uint32_t line = 1; at < windows.size() && std::getline(file, text); ++line) {
    if (line < windows[at].first) continue;
    if (line == windows[at].first) all.push_back({{"first", line}, {"lines", Json::array()}});
    if (text.size() > kMostLine) text.resize(kMostLine);
    bytes += text.size();
    all.back()["lines"].push_back(text);
    if (line == windows[at].last) ++at;
  }
  return all;
}

}  // namespace

ViewNames::ViewNames() {
  string("");
  frame({});
  stacks_.emplace_back();
}

uint32_t ViewNames::string(const std::string& text) {
  const auto [entry, fresh] =
      string_numbers_.try_emplace(text, static_cast<uint32_t>(strings_.size()));
  if (fresh) strings_.push_back(text);
  return entry->second;
}

uint32_t ViewNames::frame(const ViewFrame& frame) {
  const Row row{string(frame.function), string(frame.file), frame.line, string(frame.module),
                static_cast<uint8_t>((frame.inlined ? kInlined : 0) | (frame.mark ? kMark : 0))};
  const auto [entry, fresh] =
      frame_numbers_.try_emplace(row, static_cast<uint32_t>(frames_.size()));
  if (fresh) {
    frames_.push_back(row);
    cite(frame.file, frame.line);
  }
  return entry->second;
}

uint32_t ViewNames::stack(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  if (stack == 0) return 0;
  const auto [known, fresh] = known_stacks_.try_emplace({&trace, stack}, 0);
  if (!fresh) return known->second;
  std::vector<uint32_t> frames;
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::tracker)) {
    const std::string module = base_name(line.module);
    const std::string function =
        line.function.empty()
            ? (module.empty() ? hex_text(line.address) : module + "+" + hex_text(line.offset))
            : line.function;
    frames.push_back(frame({function, line.file, module, line.line, line.inlined, false}));
  }
  const auto [entry, made] =
      stack_numbers_.try_emplace(frames, static_cast<uint32_t>(stacks_.size()));
  if (made) stacks_.push_back(std::move(frames));
  return known->second = entry->second;
}

void ViewNames::cite(const std::string& file, uint32_t line) {
  if (!file.empty() && line != 0) cited_[file].insert(line);
}

std::string ViewNames::strings_json() const {
  return Json(strings_).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ViewNames::frames_columns() const {
  std::vector<uint32_t> functions, files, lines, modules;
  std::vector<uint8_t> flags;
  for (const Row& row : frames_) {
    functions.push_back(row.function);
    files.push_back(row.file);
    lines.push_back(row.line);
    modules.push_back(row.module);
    flags.push_back(row.flags);
  }
  ViewColumns columns;
  columns.add("function", functions);
  columns.add("file", files);
  columns.add("line", lines);
  columns.add("module", modules);
  columns.add("flags", flags);
  return columns.bytes();
}

std::string ViewNames::stacks_columns() const {
  std::vector<uint32_t> start, frames;
  for (const std::vector<uint32_t>& stack : stacks_) {
    start.push_back(static_cast<uint32_t>(frames.size()));
    frames.insert(frames.end(), stack.begin(), stack.end());
  }
  start.push_back(static_cast<uint32_t>(frames.size()));
  ViewColumns columns;
  columns.add("start", start);
  columns.add("frame", frames);
  return columns.bytes();
}

std::string ViewNames::sources_json() const {
  Json all = Json::object();
  size_t files = 0, bytes = 0;
  for (const auto& [path, lines] : cited_) {
    if (++files > kMostFiles || bytes > kMostSourceBytes) break;
    if (!is_source(path)) continue;
    Json windows = read_windows(path, windows_around(lines), bytes);
    if (!windows.empty()) all[path] = std::move(windows);
  }
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace track::write
