// `track hang`: cycles first, then who holds up how many, then what is waited for without a known
// owner.
#pragma once

#include <string>
#include <vector>

#include "cli/model/report.h"
#include "cli/write/page.h"

namespace track::write {

// What holds threads up besides cycles, in plain words and figures.
struct HeldUp {
  size_t thread = 0;                 // into Trace::threads
  size_t blocked = 0;                // tasks behind it
  std::vector<std::string> because;  // who waits for it directly
};
struct Waiting {
  WaitKind kind = WaitKind::none;
  uint64_t object = 0;
  bool timed = false;
  std::vector<size_t> threads;
  std::string known_to;  // who could end it: what refers to the object; empty = not told
  std::string told;      // who woke one last, as the program tells
};
// Coroutines that stand at one place and hold others up.
struct Standing {
  std::string where;            // "read_frame at net.cc:40 (co_await)"
  uint64_t count = 0;           // coroutines
  uint64_t awaiting = 0;        // coroutines that await them
  std::vector<size_t> threads;  // that wait for a lock one of them holds
};
struct HangSection {
  std::vector<std::string> await_cycles;  // each in words

  std::vector<HeldUp> held_up;
  std::vector<Standing> standing;
  std::vector<Waiting> waits;
  size_t running = 0;
};

// sections: one for each of the report's processes; its findings are the cycles.
std::string text_hang(const Report& report, const std::vector<HangSection>& sections,
                      const TextOptions& options);
std::string json_hang(const Report& report, const std::vector<HangSection>& sections);

}  // namespace track::write
