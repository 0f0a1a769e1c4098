// Asynchronous stacks: a suspended coroutine, the one it awaits, the one that awaits it.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/trace.h"

namespace track {

struct AwaitChain {
  std::vector<const Coroutine*> frames;  // leaf first: what is awaited before what awaits it
  bool cycle = false;                    // the last one is awaited by one of the chain
};

// Coroutines of one trace by address; the trace must not change while this lives.
class AwaitIndex {
 public:
  explicit AwaitIndex(const Trace& trace);
  const Coroutine* at(uint64_t address) const;
  // From the one that is awaited, through this one, to the one nobody awaits.
  AwaitChain chain_of(const Coroutine& coroutine) const;

 private:
  std::unordered_map<uint64_t, const Coroutine*> by_address_;
};

// "session.cc:55 (co_await)", "near session.cc:55", "not started", "finished"; empty: unknown.
std::string await_text(const Trace& trace, uint32_t await_point);
// "session at session.cc:55 (co_await)".
std::string suspended_text(const Trace& trace, const Coroutine& coroutine);

}  // namespace track
