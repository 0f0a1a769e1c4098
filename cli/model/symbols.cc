#include "cli/model/symbols.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/model/words.h"

namespace track {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool tracker_module(const std::string& path) { return starts_with(base_name(path), "libtrack.so"); }

// How threads begin: below these there is nothing of the program.
bool start_plumbing(const std::string& function) {
  static constexpr std::array kNames = {
      "start_thread", "clone",  "clone3", "__clone",         "__clone3",
      "_start",       "__libc_start_main", "__libc_start_call_main", "__libc_start_main_impl",
      "execute_native_thread_routine"};
  if (std::find(kNames.begin(), kNames.end(), function) != kNames.end()) return true;
  return starts_with(function, "__libc_start_main@") ||
         starts_with(function, "std::thread::_State_impl<") ||
         starts_with(function, "std::thread::_Invoker<") ||
         starts_with(function, "void std::thread::_Invoker<");
}

// What stands between the program's code and a system or library call it makes.
bool library_plumbing(std::string_view function) {
  if (const size_t at = function.find(' '); at != std::string_view::npos) {
    // A return type in front of the name, as demangled templates have.
    const size_t angle = function.find_first_of("<(");
    if (angle == std::string_view::npos || at < angle) {
      if (!starts_with(function, "operator ")) function = function.substr(at + 1);
    }
  }
  return starts_with(function, "std::") || starts_with(function, "__gthread") ||
         starts_with(function, "__gnu_cxx::") || starts_with(function, "operator new");
}

void prune_plumbing(std::vector<StackLine>& lines) {
  size_t end = lines.size();
  while (end > 0 && (start_plumbing(lines[end - 1].function) ||
                     library_plumbing(lines[end - 1].function)))
    --end;
  // The C library's frames at the root have no better name than its own.
  if (end > 0 && end == lines.size() && lines[end - 1].function.empty() &&
      starts_with(base_name(lines[end - 1].module), "libc.so"))
    --end;
  size_t begin = 0;
  while (begin < end && library_plumbing(lines[begin].function)) ++begin;
  if (begin >= end) return;
  lines.resize(end);
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(begin));
}

void add_lines(const Trace& trace, const Location& location, std::vector<StackLine>& lines) {
  StackLine line;
  line.address = location.address;
  line.offset = location.offset;
  if (location.module >= 0 && static_cast<size_t>(location.module) < trace.modules.size())
    line.module = trace.modules[static_cast<size_t>(location.module)].path;
  if (location.frames.empty()) lines.push_back(line);
  for (const Frame& frame : location.frames) {
    line.function = frame.function;
    line.file = frame.file;
    line.line = frame.line;
    line.inlined = frame.inlined;
    lines.push_back(line);
  }
}

}  // namespace

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::vector<StackLine> stack_lines(const Trace& trace, const Symbols& symbols, StackIndex stack,
                                   Prune prune) {
  std::vector<StackLine> lines;
  if (stack == 0 || stack >= trace.stacks.size()) return lines;
  const Stack& frames = trace.stacks[stack];
  for (const uint64_t address : frames.addresses) {
    const auto known = symbols.code.find({address, frames.generation});
    if (known != symbols.code.end())
      add_lines(trace, known->second, lines);
    else
      lines.push_back({.function = {}, .file = {}, .module = {}, .address = address});
  }
  size_t ours = 0;
  while (ours < lines.size() && tracker_module(lines[ours].module)) ++ours;
  if (ours < lines.size()) lines.erase(lines.begin(), lines.begin() + static_cast<long>(ours));
  std::erase_if(lines, [&](const StackLine& line) {
    return tracker_module(line.module) && lines.size() > 1;
  });
  if (prune == Prune::plumbing) prune_plumbing(lines);
  return lines;
}

std::string line_text(const StackLine& line) {
  if (line.function.empty()) {
    if (line.module.empty()) return hex_text(line.address);
    return base_name(line.module) + "+" + hex_text(line.offset);
  }
  std::string text = short_function(line.function);
  if (!line.file.empty()) {
    text += " " + base_name(line.file);
    if (line.line != 0) text += ":" + std::to_string(line.line);
  }
  return text;
}

std::string where_text(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  const auto lines = stack_lines(trace, symbols, stack, Prune::plumbing);
  return lines.empty() ? std::string() : line_text(lines.front());
}

std::string object_text(const Symbols& symbols, const std::string& kind, uint64_t address) {
  std::string text = kind + " " + hex_text(address);
  const auto known = symbols.objects.find(address);
  if (known != symbols.objects.end()) text += " (" + known->second + ")";
  return text;
}

std::string thread_text(const Thread& thread) {
  std::string text = "thread " + std::to_string(thread.id);
  std::string inside = thread.main ? "main" : thread.name;
  if (thread.tid != 0) inside += (inside.empty() ? "tid " : ", tid ") + std::to_string(thread.tid);
  if (!inside.empty()) text += " (" + inside + ")";
  return text;
}

std::string short_function(const std::string& function) {
  std::string result;
  int angle = 0, round = 0;
  const auto is_operator_at = [&](size_t i) {
    return i >= 8 && function.compare(i - 8, 8, "operator") == 0;
  };
  for (size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (c == '<' && !is_operator_at(i) && !(i > 0 && function[i - 1] == '<' && is_operator_at(i - 1))) {
      if (angle++ == 0 && round == 0) result += "<";
      continue;
    }
    if (c == '>' && angle > 0 && !(i > 0 && function[i - 1] == '-')) {
      if (--angle == 0 && round == 0) result += ">";
      continue;
    }
    if (angle > 0) continue;
    if (c == '(') {
      const bool anonymous = function.compare(i, 21, "(anonymous namespace)") == 0;
      if (anonymous && round == 0) {
        result += "(anonymous namespace)";
        i += 20;
        continue;
      }
      if (is_operator_at(i) && function.compare(i, 2, "()") == 0) {
        result += "()";
        ++i;
        continue;
      }
      ++round;
      continue;
    }
    if (c == ')') {
      if (round > 0) --round;
      continue;
    }
    if (round == 0) result += c;
  }
  // "f<>" says no more than "f".
  for (size_t at; (at = result.find("<>")) != std::string::npos;) result.erase(at, 2);
  for (const char* tail : {" const", " &", " &&"})
    if (const size_t n = std::string_view(tail).size();
        result.size() > n && result.compare(result.size() - n, n, tail) == 0)
      result.resize(result.size() - n);
  return result.empty() ? function : result;
}

}  // namespace track
