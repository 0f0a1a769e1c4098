// cell_table.h: where a key's entry lies among entries that lie densely in the recording, so that
// few of its pages are touched: cells of an open-addressing table of this process's own, each an
// entry's index + 1. Lock-free, any thread, signal handlers too. Entries are never taken out.
#pragma once

#include "libtrack/core/memory.h"

namespace track::core {

template <uint32_t kCells, uint32_t kMostProbes>
class CellTable {
 public:
  // is(entry): is that the key's entry? make(): a new one for it, complete; 0 = no room. Of two
  // threads that come with one key at once both may make one: the loser's stays behind, unused.
  // 0: no room, or too many keys nearby.
  template <class Is, class Make>
  uint32_t find_or_make(uint64_t hash, Is is, Make make) {
    Cell* table = all();
    uint32_t mine = 0;
    for (uint32_t probe = 0; probe < kMostProbes && table != nullptr; ++probe) {
      Cell& cell = table[(hash + probe) % kCells];
      uint32_t entry = cell.load(std::memory_order_acquire);
      if (entry == 0) {
        if (mine == 0) mine = make();
        if (mine == 0) return 0;
        if (cell.compare_exchange_strong(entry, mine, std::memory_order_acq_rel)) return mine;
      }
      if (is(entry)) return entry;
    }
    return 0;
  }

  // In a fork child: the entries are the parent's.
  void clear() {
    if (Cell* table = cells_.load(std::memory_order_relaxed)) core::clear(table, kBytes);
  }

 private:
  using Cell = std::atomic<uint32_t>;
  static constexpr size_t kBytes = kCells * sizeof(Cell);

  Cell* all() {
    Cell* known = cells_.load(std::memory_order_acquire);
    if (known != nullptr) return known;
    auto* fresh = static_cast<Cell*>(allocate(kBytes));
    if (fresh == nullptr) return nullptr;
    // Who comes second uses what the first one made.
    return cells_.compare_exchange_strong(known, fresh, std::memory_order_acq_rel) ? fresh : known;
  }

  std::atomic<Cell*> cells_{nullptr};
};

}  // namespace track::core
