// What AddressSanitizer, LeakSanitizer, ThreadSanitizer and UndefinedBehaviorSanitizer print, of
// gcc and clang, among whatever else stands in a log. Plain data; nothing judged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/model/symbols.h"

namespace track::read {

// "Previous write of size 4 at 0x... by thread T1", and the stack below it, leaf first.
struct SanitizerStack {
  std::string heading;
  std::vector<StackLine> lines;
};

struct SanitizerReport {
  std::string tool;   // "ThreadSanitizer"
  std::string kind;   // "data race", "heap-use-after-free", "leak", "signed integer overflow"
  std::string about;  // "global 'counter' of size 4"; the whole message of UBSan; may be empty
  int pid = 0;        // 0 = not said
  uint64_t bytes = 0, count = 1;  // of leaks
  bool indirect = false;          // a leak that only another leak refers to
  std::vector<SanitizerStack> stacks;
};

struct SanitizerLog {
  std::vector<SanitizerReport> reports;
  bool cut_short = false;  // the last one has no end
};

SanitizerLog parse_sanitizer_log(std::string_view text);

}  // namespace track::read
