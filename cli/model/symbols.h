// Names for the addresses a trace mentions: filled by a verb through symbolize/, read by analyze/
// and write/. Plain data and the few questions both ask of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/frame.h"
#include "cli/model/trace.h"

namespace track {

struct CodeKey {
  uint64_t address = 0;
  uint32_t generation = 0;
  bool operator==(const CodeKey&) const = default;
};
struct CodeKeyHash {
  size_t operator()(const CodeKey& key) const {
    return key.address * 0x9e3779b97f4a7c15u + key.generation;
  }
};

struct Symbols {
  std::unordered_map<CodeKey, Location, CodeKeyHash> code;  // by return address
  std::map<uint64_t, std::string> objects;                  // global variables by address
  std::vector<std::string> notes;                           // what could not be named, and why
};

// One line of a printed stack: a source-level function, inlined ones included.
struct StackLine {
  std::string function;  // empty: not symbolized
  std::string file;
  uint32_t line = 0;
  std::string module;   // path
  uint64_t offset = 0;  // in the module
  uint64_t address = 0;
  bool inlined = false;
  uint32_t folded =
      0;  // lines of libraries that pruning took out just above (leafward of) this one
};

enum class Prune {
  tracker,   // only libtrack's own frames
  plumbing,  // also those of libc, the C++ library and asio: what is left is the program
  site,      // of that, only up to the dispatcher (an event loop) that called it: for grouping
};
// Leaf first. Never empty for a non-empty stack: pruning that would leave nothing is not done.
std::vector<StackLine> stack_lines(const Trace& trace, const Symbols& symbols, StackIndex stack,
                                   Prune prune);

// "flush cache.cc:70", "libfoo.so+0x1234"; the first line a reader cares about. Empty: no stack.
std::string where_text(const Trace& trace, const Symbols& symbols, StackIndex stack);
std::string line_text(const StackLine& line);
// The same of where a scope was opened: track.h's own functions are none that a reader cares about.
std::string opened_text(const Trace& trace, const Symbols& symbols, StackIndex stack);

// "mutex 0x55d0 (cache_mu)".
std::string object_text(const Symbols& symbols, const std::string& kind, uint64_t address);
// "thread 3 (worker-1, tid 901)", "thread 1 (main, tid 900)".
std::string thread_text(const Thread& thread);
// "coroutine 17 (transfer)".
std::string coroutine_text(const Trace& trace, const Coroutine& coroutine);
std::string base_name(const std::string& path);
// A function's name without parameters and template arguments' noise, for one-line titles.
std::string short_function(const std::string& function);
// A short name that is the C++ library's, asio's or Boost's: not the program's own.
bool library_function(const std::string& name);

}  // namespace track
