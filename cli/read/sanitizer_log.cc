#include "cli/read/sanitizer_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace track::read {
namespace {

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

uint64_t number_at(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What is behind `mark`; nothing where it does not stand.
std::optional<std::string_view> behind(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + mark.size());
}

// "a.cc:7:3", "a.cc:7"; the column is dropped. False: no line number.
bool split_place(std::string_view text, std::string& file, uint32_t& line) {
  const auto number_end = [](std::string_view whole) -> std::optional<std::pair<size_t, uint64_t>> {
    const size_t colon = whole.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == whole.size()) return std::nullopt;
    uint64_t value = 0;
    const auto end = std::from_chars(whole.data() + colon + 1, whole.data() + whole.size(), value);
    if (end.ptr != whole.data() + whole.size() || value > UINT32_MAX) return std::nullopt;
    return std::pair{colon, value};
  };
  const auto last = number_end(text);
  if (!last) return false;
  const auto before = number_end(text.substr(0, last->first));
  file = text.substr(0, before ? before->first : last->first);
  line = static_cast<uint32_t>(before ? before->second : last->second);
  return !file.empty();
}

// "(module+0x12)" at the end of a frame, with or without "(BuildId: ..)" behind it.
void take_module(std::string_view& frame, StackLine& line) {
  if (const size_t id = frame.rfind(" (BuildId: "); id != std::string_view::npos)
    frame = trimmed(frame.substr(0, id));
  if (frame.empty() || frame.back() != ')') return;
  const size_t open = frame.rfind('(');
  const size_t plus = frame.rfind("+0x");
  if (open == std::string_view::npos || plus == std::string_view::npos || plus < open) return;
  line.module = frame.substr(open + 1, plus - open - 1);
  std::from_chars(frame.data() + plus + 3, frame.data() + frame.size() - 1, line.offset, 16);
  frame = trimmed(frame.substr(0, open));
}

// "#1 0x55d0 in f(int) /src/a.cc:7:3", "#1 f(int) /src/a.cc:7 (app+0x12)", "#6 <null> <null> (..)".
std::optional<StackLine> parse_frame(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 3 || text[0] != '#' || text[1] < '0' || text[1] > '9') return std::nullopt;
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  text = trimmed(text.substr(space));
  StackLine line;
  if (begins(text, "0x")) {
    const size_t end = std::min(text.find(' '), text.size());
    std::from_chars(text.data() + 2, text.data() + end, line.address, 16);
    text = trimmed(text.substr(end));
    if (begins(text, "in ")) text = trimmed(text.substr(3));
  }
  take_module(text, line);
  const size_t last = text.rfind(' ');
  const std::string_view word =
      last == std::string_view::npos ? std::string_view() : text.substr(last + 1);
  if (word == "<null>" || (!word.empty() && split_place(word, line.file, line.line))) {
    text = trimmed(text.substr(0, last));
  } else if (!word.empty() && word.front() == '/') {  // a file without a line
    line.file = word;
    text = trimmed(text.substr(0, last));
  }
  if (text != "<null>") line.function = text;
  return line;
}

// The sanitizer's own: what was called, not who called it.
bool of_sanitizer(const StackLine& line) {
  for (const char* part : {"libsanitizer/", "compiler-rt/"})
    if (line.file.find(part) != std::string::npos) return true;
  if (begins(line.function, "__interceptor_") || begins(line.function, "operator new") ||
      begins(line.function, "operator delete"))
    return true;
  constexpr std::array kIntercepted = {"malloc",
                                       "calloc",
                                       "realloc",
                                       "free",
                                       "posix_memalign",
                                       "aligned_alloc",
                                       "strdup",
                                       "pthread_create",
                                       "pthread_join",
                                       "memcpy",
                                       "memmove",
                                       "memset",
                                       "strlen",
                                       "pthread_mutex_lock",
                                       "pthread_mutex_unlock",
                                       "pthread_mutex_destroy"};
  return line.file.empty() && std::any_of(kIntercepted.begin(), kIntercepted.end(),
                                          [&](const char* name) { return line.function == name; });
}

class LogReader {
 public:
  SanitizerLog read(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      take(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    log_.cut_short = open_;
    for (SanitizerReport& report : log_.reports) {
      for (SanitizerStack& stack : report.stacks) drop_own(stack.lines);
      std::erase_if(report.stacks, [](const SanitizerStack& stack) { return stack.lines.empty(); });
    }
    return std::move(log_);
  }

 private:
  static void drop_own(std::vector<StackLine>& lines) {
    size_t own = 0;
    while (own + 1 < lines.size() && of_sanitizer(lines[own])) ++own;
    lines.erase(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(own));
  }

  SanitizerReport& begin(const char* tool, std::string_view kind) {
    SanitizerReport& report = log_.reports.emplace_back();
    report.tool = tool;
    report.kind = trimmed(kind);
    report.pid = pid_;
    heading_.clear();
    in_stack_ = false;
    open_ = true;
    return report;
  }

  void take(std::string_view line) {
    if (begins(line, "==") && line.find("==ERROR: ") != std::string_view::npos)
      pid_ = static_cast<int>(number_at(line.substr(2)));
    if (const auto tsan = behind(line, "WARNING: ThreadSanitizer: ")) return begin_tsan(*tsan);
    if (const auto asan = behind(line, "ERROR: AddressSanitizer: ")) return begin_asan(*asan);
    if (line.find("ERROR: LeakSanitizer: ") != std::string_view::npos) {
      leaks_ = open_ = true;
      return;
    }
    if (const auto what = behind(line, ": runtime error: ")) {
      const size_t place =
          line.size() - what->size() - std::string_view(": runtime error: ").size();
      return begin_ubsan(line.substr(0, place), *what);
    }
    if (begins(line, "SUMMARY: ")) {
      open_ = leaks_ = false;
      in_report_ = false;
      return;
    }
    if (leaks_ && (begins(line, "Direct leak of ") || begins(line, "Indirect leak of ")))
      return begin_leak(line);
    if (!in_report_ || log_.reports.empty()) return;
    take_body(line);
  }

  // "data race (pid=9)"
  void begin_tsan(std::string_view text) {
    const size_t end = text.rfind(" (pid=");
    if (end != std::string_view::npos) pid_ = static_cast<int>(number_at(text.substr(end + 6)));
    begin("ThreadSanitizer", text.substr(0, end));
    in_report_ = true;
  }
  // "heap-use-after-free on address 0x.. at pc ..", "attempting double-free on 0x..", "SEGV on ..."
  void begin_asan(std::string_view text) {
    size_t end = std::min({text.find(" on "), text.find(": "), text.find(" (")});
    begin("AddressSanitizer", text.substr(0, end));
    in_report_ = true;
  }
  // "signed integer overflow: 1 + 2 cannot be .."; the place is all there is without its option
  // print_stacktrace. It has no end of its own.
  void begin_ubsan(std::string_view place, std::string_view what) {
    SanitizerReport& report =
        begin("UndefinedBehaviorSanitizer", what.substr(0, what.find_first_of(":0123456789")));
    report.about = what;
    StackLine line;
    if (split_place(trimmed(place), line.file, line.line)) {
      report.stacks.push_back({"", {line}});
      only_place_ = true;
    }
    open_ = false;
    in_report_ = true;
  }
  // "Direct leak of 120 byte(s) in 3 object(s) allocated from:"
  void begin_leak(std::string_view text) {
    SanitizerReport& report = begin("LeakSanitizer", "leak");
    report.indirect = text.front() == 'I';
    report.bytes = number_at(*behind(text, " of "));
    if (const auto count = behind(text, " in "))
      report.count = std::max<uint64_t>(1, number_at(*count));
    heading_ = text;
    in_report_ = true;
  }

  void take_body(std::string_view line) {
    SanitizerReport& report = log_.reports.back();
    if (auto frame = parse_frame(line)) {
      if (!in_stack_) {
        if (only_place_) report.stacks.clear();
        report.stacks.push_back({heading_, {}});
      }
      only_place_ = false;
      in_stack_ = true;
      report.stacks.back().lines.push_back(std::move(*frame));
      return;
    }
    in_stack_ = false;
    line = trimmed(line);
    if (const auto where = behind(line, "Location is "); where && report.about.empty())
      report.about = where->substr(0, where->find(" at 0x"));
    if (line.empty()) return;
    if (line.back() == ':') line.remove_suffix(1);
    heading_ = line;
  }

  SanitizerLog log_;
  int pid_ = 0;
  std::string heading_;      // the last line that was no frame
  bool in_report_ = false;   // lines belong to the last report
  bool in_stack_ = false;    // the last line was a frame
  bool leaks_ = false;       // in LeakSanitizer's list
  bool only_place_ = false;  // the last report's stack is made of its place
  bool open_ = false;        // a report has begun and not ended
};

}  // namespace

SanitizerLog parse_sanitizer_log(std::string_view text) {
  return LogReader().read(text);
}

}  // namespace track::read
