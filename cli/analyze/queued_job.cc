#include "cli/analyze/queued_job.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace track::analyze {
namespace {

constexpr size_t kMostBlocks = 4096;  // looked at for one thread
constexpr size_t kMostOfBlock = 1 << 16;
constexpr size_t kMostOfGlobal = 256;

class Search {
 public:
  Search(const Marker& marker, const MemoryPicture& picture, Cell stack, Cell target)
      : marker_(marker), picture_(picture), target_(target) {
    stacks_.insert(stack);
    for (const ThreadMemory& thread : picture.threads)
      if (thread.stack.start != 0) stacks_.insert(marker.map().find(thread.stack.start));
    each_word(stack, ~size_t{0}, [&](uint64_t word) {
      if (const Cell cell = block_at(word); cell != kNoCell)
        direct_.insert(cell);
      else if (marker_.map().find(word) == kNoCell)
        add_global(word);
    });
  }

  std::optional<QueuedJob> find() {
    for (const Cell cell : direct_)
      if (cell != target_) visit(cell, kNoCell);
    for (const Cell cell : of_globals_)
      if (cell != target_) visit(cell, kNoCell);
    while (!todo_.empty() && seen_.size() < kMostBlocks) {
      const auto [cell, job] = todo_.back();
      todo_.pop_back();
      bool found = false;
      each_word(cell, kMostOfBlock, [&, from = job](uint64_t word) {
        const Cell to = block_at(word);
        if (to == target_ && from != kNoCell) found = true;
        if (to != kNoCell && to != target_) visit(to, from);
      });
      if (found) return QueuedJob{marker_.map().at(job).address, direct_.count(job) != 0};
    }
    return std::nullopt;
  }

 private:
  template <class Use>
  void each_word(Cell cell, size_t most, Use use) const {
    const std::span<const std::byte> bytes = marker_.bytes_of(cell);
    for (size_t at = 0; at + 8 <= std::min(bytes.size(), most); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if (word > 4096) use(word);
    }
  }

  // What a global object at that address begins with: a pool may be one.
  void add_global(uint64_t address) {
    const auto region =
        std::upper_bound(picture_.regions.begin(), picture_.regions.end(), address,
                         [](uint64_t a, const MemoryRegion& r) { return a < r.end(); });
    if (region == picture_.regions.end() || address < region->address || address % 8 != 0) return;
    const auto bytes = region->bytes.subspan(address - region->address);
    for (size_t at = 0; at + 8 <= std::min(bytes.size(), kMostOfGlobal); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if (const Cell cell = block_at(word); cell != kNoCell) of_globals_.insert(cell);
    }
  }

  // No stack: what a thread does is not queued, and a pool refers to its threads.
  Cell block_at(uint64_t word) const {
    const Cell cell = marker_.map().find(word);
    return cell != kNoCell && marker_.map().is_block(cell) && stacks_.count(cell) == 0 ? cell
                                                                                       : kNoCell;
  }

  bool holds_code(Cell cell) const {
    bool found = false;
    each_word(cell, kMostOfBlock, [&](uint64_t word) {
      found = found || std::any_of(picture_.code.begin(), picture_.code.end(),
                                   [&](const AddressRange& range) { return range.contains(word); });
    });
    return found;
  }

  // job: the first block with code on the way here. Once with one is enough, and once without.
  void visit(Cell cell, Cell job) {
    const auto [known, fresh] = seen_.try_emplace(cell, job);
    if (!fresh && (known->second != kNoCell || job == kNoCell)) return;
    if (job == kNoCell && holds_code(cell)) job = cell;
    if (!fresh && job == kNoCell) return;
    known->second = job;
    todo_.emplace_back(cell, job);
  }

  const Marker& marker_;
  const MemoryPicture& picture_;
  const Cell target_;
  std::unordered_set<Cell> stacks_;      // of threads
  std::unordered_set<Cell> direct_;      // blocks that the stack refers to
  std::unordered_set<Cell> of_globals_;  // and those of the globals that it refers to
  std::unordered_map<Cell, Cell> seen_;
  std::vector<std::pair<Cell, Cell>> todo_;
};

}  // namespace

std::optional<QueuedJob> find_queued_job(const Marker& marker, const MemoryPicture& picture,
                                         const AddressRange& stack, uint64_t object) {
  const Cell target = marker.map().find(object), own = marker.map().find(stack.start);
  if (target == kNoCell || own == kNoCell || target == own || !marker.map().is_block(target))
    return std::nullopt;
  return Search(marker, picture, own, target).find();
}

}  // namespace track::analyze
