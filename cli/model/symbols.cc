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

bool tracker_module(const std::string& path) {
  return starts_with(base_name(path), "libtrack.so");
}

// How threads begin: below these there is nothing of the program.
bool start_plumbing(const std::string& function) {
  static constexpr std::array kNames = {"start_thread",
                                        "clone",
                                        "clone3",
                                        "__clone",
                                        "__clone3",
                                        "_start",
                                        "__libc_start_main",
                                        "__libc_start_call_main",
                                        "__libc_start_main_impl",
                                        "execute_native_thread_routine"};
  if (std::find(kNames.begin(), kNames.end(), function) != kNames.end()) return true;
  return starts_with(function, "__libc_start_main@") ||
         starts_with(function, "std::thread::_State_impl<") ||
         starts_with(function, "std::thread::_Invoker<") ||
         starts_with(function, "void std::thread::_Invoker<");
}

// Libraries whose threads, locks, queues and event loops a program uses as it does the C++
// library's.
bool of_threading_library(std::string_view module) {
  static constexpr std::array kNames = {"libc.so",
                                        "libpthread.so",
                                        "libglib-2.0.so",
                                        "libgthread-2.0.so",
                                        "libgobject-2.0.so",
                                        "libgio-2.0.so",
                                        "libQt5Core.so",
                                        "libQt6Core.so",
                                        "libboost_thread.so",
                                        "libboost_fiber.so",
                                        "libboost_context.so",
                                        "libboost_coroutine.so",
                                        "libtbb.so",
                                        "libtbb12.so",
                                        "libgomp.so",
                                        "libomp.so",
                                        "libPocoFoundation",
                                        "libuv.so",
                                        "libevent",
                                        "libev.so",
                                        "libapr-1.so",
                                        "libnspr4.so"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return starts_with(module, name); });
}

// What stands between the program's code and a system or library call it makes.
bool library_plumbing(const StackLine& line) {
  const std::string name = short_function(line.function);
  const std::string module = base_name(line.module);
  // Another library's of that name, or that of a sanitizer linked in: it only passes it on.
  if (name == "pthread_create" || name == "pthread_join") return true;
  if (of_threading_library(module)) return true;
  // The standard library's own frames, when they have no names.
  if (name.empty()) return starts_with(module, "libstdc++.so") || starts_with(module, "libc++.so");
  return library_function(name);
}

// Keeps the program's own lines; each knows how many lines of libraries stood leafward of it.
void prune_plumbing(std::vector<StackLine>& lines) {
  std::vector<StackLine> own;
  uint32_t dropped = 0;
  for (StackLine& line : lines) {
    if (start_plumbing(line.function) || library_plumbing(line)) {
      ++dropped;
      continue;
    }
    line.folded = dropped;
    dropped = 0;
    own.push_back(std::move(line));
  }
  if (!own.empty()) lines = std::move(own);
}

// A long run of library lines between two of the program's is a dispatcher: which thread it ran on
// is no part of the place.
void cut_at_dispatcher(std::vector<StackLine>& lines) {
  constexpr uint32_t kDispatcherLines = 8;
  for (size_t i = 1; i < lines.size(); ++i)
    if (lines[i].folded >= kDispatcherLines) return lines.resize(i);
}

// What the tracker's headers put into the program.
bool of_tracker_headers(const StackLine& line) {
  return starts_with(line.function, "track::detail::") ||
         starts_with(line.function, "track::traced_promise<") ||
         starts_with(line.function, "track_wait_begin") ||
         starts_with(line.function, "track::waiting::") ||
         (line.inlined && (std::string_view(line.file).ends_with("include/track/coroutine.h") ||
                           std::string_view(line.file).ends_with("include/track/fiber.h")));
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

bool library_function(const std::string& name) {
  static constexpr std::array kPrefixes = {"std::",
                                           "__sanitizer::",
                                           "__asan::",
                                           "__lsan::",
                                           "__tsan::",
                                           "__interceptor_",
                                           "__gthread",
                                           "__gnu_cxx::",
                                           "operator new",
                                           "asio::",
                                           "asio_",
                                           "boost::asio::",
                                           "boost::thread",
                                           "boost::detail::",
                                           "boost::mutex",
                                           "boost::recursive_mutex",
                                           "boost::shared_mutex",
                                           "boost::condition_variable",
                                           "boost::unique_lock",
                                           "boost::lock_guard",
                                           "boost::barrier",
                                           "boost_asio_",
                                           "boost::fibers::",
                                           "boost::context::",
                                           "boost::coroutines2::",
                                           "Poco::Thread",
                                           "Poco::Mutex",
                                           "Poco::FastMutex",
                                           "Poco::ScopedLock",
                                           "Poco::Condition",
                                           "QMutex",
                                           "QReadLocker",
                                           "QWriteLocker",
                                           "QtPrivate::",
                                           "tbb::"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view prefix) { return starts_with(name, prefix); });
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

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
      lines.emplace_back().address = address;
  }
  size_t ours = 0;
  while (ours < lines.size() &&
         (tracker_module(lines[ours].module) || of_tracker_headers(lines[ours])))
    ++ours;
  if (ours < lines.size()) lines.erase(lines.begin(), lines.begin() + static_cast<long>(ours));
  std::erase_if(lines, [&](const StackLine& line) {
    return tracker_module(line.module) && lines.size() > 1;
  });
  if (prune == Prune::tracker) return lines;
  prune_plumbing(lines);
  if (prune == Prune::site) cut_at_dispatcher(lines);
  return lines;
}

std::string line_text(const StackLine& line) {
  if (line.function.empty()) {
    if (line.module.empty()) return hex_text(line.address);
    return base_name(line.module) + "+" + hex_text(line.offset);
  }
  std::string text = short_function(line.function);
  static constexpr std::string_view kAnonymous = "(anonymous namespace)::";
  if (const size_t at = text.find(kAnonymous); at != std::string::npos)
    text.erase(at, kAnonymous.size());
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

std::string opened_text(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::plumbing))
    if (line.function.find("track_scope_begin") == std::string::npos &&
        !line.function.starts_with("track::scope::"))
      return line_text(line);
  return {};
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
  // Where nothing was recorded a task's number is the kernel's: once is enough.
  if (thread.tid != 0 && static_cast<uint32_t>(thread.tid) != thread.id)
    inside += (inside.empty() ? "tid " : ", tid ") + std::to_string(thread.tid);
  if (!inside.empty()) text += " (" + inside + ")";
  return text;
}

std::string coroutine_text(const Trace& trace, const Coroutine& coroutine) {
  std::string text = "coroutine " + std::to_string(coroutine.id);
  if (const auto given = trace.coroutine_names.find(coroutine.id);
      given != trace.coroutine_names.end())
    text += " (" + given->second + ")";
  else if (coroutine.function != 0 && coroutine.function < trace.functions.size())
    text += " (" + short_function(trace.functions[coroutine.function]) + ")";
  return text;
}

namespace {

// Without parameters and template arguments.
std::string without_brackets(const std::string& function) {
  std::string result;
  int angle = 0, round = 0;
  const auto after_operator = [&](size_t i) {
    return i >= 8 && function.compare(i - 8, 8, "operator") == 0;
  };
  for (size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    const bool outside = angle == 0 && round == 0;
    if (outside && function.compare(i, 7, "<lambda") == 0) result += "<lambda>";
    // In DWARF a lambda's class has no name.
    if (outside && function.compare(i, 23, "(anonymous)::operator()") == 0) result += "<lambda>";
    if (c == '<' && !after_operator(i) && !(i > 0 && after_operator(i - 1))) {
      ++angle;
    } else if (c == '>' && angle > 0 && function[i - 1] != '-') {
      --angle;
    } else if (angle > 0) {
      continue;
    } else if (outside && function.compare(i, 21, "(anonymous namespace)") == 0) {
      result += "(anonymous_namespace)";
      i += 20;
    } else if (outside && after_operator(i) && function.compare(i, 2, "()") == 0) {
      result += "()";
      ++i;
    } else if (c == '(') {
      ++round;
    } else if (c == ')' && round > 0) {
      --round;
    } else if (outside) {
      result += c;
    }
  }
  return result;
}

void drop_suffix(std::string& text, std::string_view suffix) {
  if (text.size() > suffix.size() &&
      std::string_view(text).substr(text.size() - suffix.size()) == suffix)
    text.erase(text.size() - suffix.size());
}

// A return type in front, as demangled templates have.
void drop_return_type(std::string& name) {
  const size_t special = name.find("operator ");
  const size_t end = special == std::string::npos ? name.size() : special;
  const size_t space = name.rfind(' ', end == 0 ? 0 : end - 1);
  if (space != std::string::npos && space < end) name.erase(0, space + 1);
}

}  // namespace

std::string short_function(const std::string& function) {
  std::string result = without_brackets(function);
  for (const char* suffix : {" &&", " &", " volatile", " const"}) drop_suffix(result, suffix);
  while (!result.empty() && result.back() == ' ') result.pop_back();
  drop_return_type(result);
  if (const size_t at = result.find("(anonymous_namespace)"); at != std::string::npos)
    result.replace(at, 21, "(anonymous namespace)");
  return result.empty() ? function : result;
}

}  // namespace track
