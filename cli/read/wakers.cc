#include "cli/read/wakers.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace track::read {
namespace {

constexpr uint32_t kBits = 0xffff;

struct Life {
  uint64_t begin = 0, end = UINT64_MAX;  // at the most
};

class Lives {
 public:
  explicit Lives(const Trace& trace) {
    for (const Thread& thread : trace.threads) {
      Life& life = lives_[thread.id];
      life.begin = thread.created_ns != 0 ? thread.created_ns : thread.started_ns;
      if (thread.ended_ns != 0) life.end = thread.ended_ns;
    }
    for (const HistoryEvent& event : trace.history.events) {
      Life& life = lives_[event.task];
      if (event.kind == HistoryKind::thread_started) life.begin = std::max(life.begin, event.ns);
      if (event.kind == HistoryKind::thread_ended) life.end = std::min(life.end, event.ns);
    }
    for (const auto& [id, life] : lives_) by_bits_[id & kBits].push_back(id);
  }

  uint32_t only_one(uint32_t bits, uint64_t from, uint64_t until) const {
    uint32_t found = 0;
    const auto fit = by_bits_.find(bits);
    if (fit == by_bits_.end()) return 0;
    for (const uint32_t id : fit->second) {
      const Life& life = lives_.at(id);
      if (life.begin > until || life.end < from) continue;
      if (found != 0) return 0;
      found = id;
    }
    return found;
  }

 private:
  std::unordered_map<uint32_t, Life> lives_;  // by task
  std::unordered_map<uint32_t, std::vector<uint32_t>> by_bits_;
};

}  // namespace

void complete_wakers(Trace& trace, uint32_t next_task) {
  History& history = trace.history;
  const bool unique = next_task <= kBits + 1;
  const bool whole = history.lost == 0 && history.unreadable == 0;
  const Lives lives(trace);
  for (HistoryEvent& event : history.events) {
    if (event.waker == 0) continue;
    const uint64_t from = event.ns - std::min(event.duration_ns, event.ns);
    if (unique)
      event.waker = event.waker < next_task ? event.waker : 0;
    else if (!whole || from < history.complete_since)
      event.waker = 0;
    else
      event.waker = lives.only_one(event.waker, from, event.ns);
  }
}

}  // namespace track::read
