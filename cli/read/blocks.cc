#include "cli/read/blocks.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "cli/read/image.h"
#include "cli/read/samples.h"
#include "libtrack/wire/blocks.h"

namespace track::read {
namespace {

using wire::SectionKind;

constexpr uint64_t kPagesARead = 256;
constexpr uint64_t kPageBytes = wire::kPageCells * 8;
constexpr uint64_t kMostBlocks = uint64_t{1} << 27;

// Calls use(address, block) for every block; how many pages could not be read.
class BlockScan {
 public:
  explicit BlockScan(const Bytes& bytes) : bytes_(bytes) {
    Copy<wire::Header> header;
    if (!bytes.read(0, header.bytes.data(), sizeof(wire::Header))) return;
    const auto place = [&](SectionKind kind) -> const wire::Section& {
      return header->sections[static_cast<uint32_t>(kind)];
    };
    if (header->version != wire::kVersion) return;
    const wire::Section& regions = place(SectionKind::block_regions);
    pages_ = place(SectionKind::block_pages).offset;
    cells_ = place(SectionKind::blocks).offset;
    const uint64_t leaves =
        std::min({regions.used.load(std::memory_order_acquire), regions.bytes / 8,
                  place(SectionKind::blocks).bytes / 8 / wire::kRegionCells,
                  place(SectionKind::block_pages).bytes / wire::kRegionPages,
                  uint64_t{wire::kMostBlockRegions}});
    std::vector<uint64_t> numbers(leaves);
    if (leaves == 0 || !bytes.read(regions.offset, numbers.data(), leaves * 8)) return;
    for (uint64_t leaf = 1; leaf < leaves; ++leaf)
      if (numbers[leaf] != 0 && numbers[leaf] <= wire::kBlockRegions)
        leaf_of_[numbers[leaf] - 1] = leaf;
  }

  template <class Use>
  uint64_t each(Use use) {
    uint64_t unread = 0;
    std::vector<uint8_t> pages(wire::kRegionPages);
    for (const auto& [region, leaf] : leaf_of_) {
      if (!bytes_.read(pages_ + leaf * wire::kRegionPages, pages.data(), pages.size())) {
        unread += wire::kRegionPages;
        continue;
      }
      for (uint64_t page = 0; page < wire::kRegionPages;) {
        uint64_t n = 0;
        while (page + n < wire::kRegionPages && n < kPagesARead &&
               pages[page + n] == wire::kPageThere)
          ++n;
        if (n == 0) {
          ++page;
          continue;
        }
        if (!read_pages(region, leaf, page, n, use)) unread += n;
        page += n;
      }
    }
    return unread;
  }

 private:
  template <class Use>
  bool read_pages(uint64_t region, uint64_t leaf, uint64_t page, uint64_t n, Use use) {
    buffer_.resize(kPagesARead * wire::kPageCells);
    if (!bytes_.read(cells_ + (leaf * wire::kRegionPages + page) * kPageBytes, buffer_.data(),
                     n * kPageBytes))
      return false;
    const uint64_t start =
        (region << wire::kBlockRegionShift) + (page * wire::kPageCells << wire::kBlockCellShift);
    for (uint64_t i = 0; i < n * wire::kPageCells; ++i) {
      const uint64_t cell = buffer_[i];
      if (cell == 0) continue;
      for (unsigned half = 0; half < 2; ++half)
        if (const wire::CellBlock block = wire::block_of_cell(cell, half); block.there)
          use(start + (i << wire::kBlockCellShift) + half * 8, block);
    }
    return true;
  }

  const Bytes& bytes_;
  uint64_t pages_ = 0, cells_ = 0;
  std::map<uint64_t, uint64_t> leaf_of_;  // by region
  std::vector<uint64_t> buffer_;
};

uint32_t stack_of(const wire::CellBlock& block) {
  return block.moving ? 0 : block.stack;
}

// The blocks that the program's locks lie in, met on the way through the table.
class BlocksOfLocks {
 public:
  explicit BlocksOfLocks(const Trace& trace) {
    for (const Contention& cost : trace.contention)
      if (cost.object != 0 && cost.kind != WaitKind::join) objects_.push_back(cost.object);
    for (const Thread& thread : trace.threads)
      for (const Held& held : thread.held) objects_.push_back(held.object);
    std::sort(objects_.begin(), objects_.end());
    objects_.erase(std::unique(objects_.begin(), objects_.end()), objects_.end());
  }

  void meet(uint64_t address, const wire::CellBlock& block) {
    for (auto at = std::lower_bound(objects_.begin(), objects_.end(), address);
         at != objects_.end() && *at - address < block.bytes; ++at)
      met_.push_back({*at, block.bytes, stack_of(block)});
  }

  // stack_of: from the recording's numbers to the trace's.
  template <class StackOf>
  void tell(Trace& trace, StackOf&& stack_of) {
    std::sort(met_.begin(), met_.end(),
              [](const LockBlock& a, const LockBlock& b) { return a.object < b.object; });
    for (LockBlock& met : met_) met.allocated_at = stack_of(met.allocated_at);
    trace.lock_blocks = std::move(met_);
  }

 private:
  std::vector<uint64_t> objects_;
  std::vector<LockBlock> met_;
};

}  // namespace

std::vector<RecordedBlock> read_blocks(const Bytes& bytes) {
  std::vector<RecordedBlock> blocks;
  BlockScan(bytes).each([&](uint64_t address, const wire::CellBlock& block) {
    if (blocks.size() < kMostBlocks) blocks.push_back({address, block.bytes, stack_of(block)});
  });
  return blocks;
}

namespace {

// The recording's stacks, as they are asked for, into the trace.
class StacksOfTrace {
 public:
  StacksOfTrace(const Bytes& bytes, Trace& trace)
      : trace_(trace), image_(bytes, trace.source, !trace.gone, scratch_) {}
  StacksOfTrace(const StacksOfTrace&) = delete;  // image_ refers to scratch_

  Image& image() { return image_; }

  StackIndex operator()(uint32_t number) {
    const auto [known, fresh] = known_.try_emplace(number, 0);
    if (!fresh || number == 0) return known->second;
    if (const StackIndex stack = image_.stack(number); stack != 0) {
      known->second = static_cast<StackIndex>(trace_.stacks.size());
      trace_.stacks.push_back(scratch_.stacks[stack]);
    }
    return known->second;
  }

 private:
  Trace& trace_;
  Trace scratch_;
  Image image_;
  std::unordered_map<uint32_t, StackIndex> known_;
};

struct StackAndSize {
  uint32_t stack;
  uint64_t bytes;
  bool operator==(const StackAndSize&) const = default;
  struct Hash {
    size_t operator()(const StackAndSize& key) const {
      const uint64_t h = (key.bytes ^ uint64_t{key.stack} << 40) * 0x9e3779b97f4a7c15u;
      return h ^ h >> 32;
    }
  };
};

void read_block_sites(const Bytes& bytes, StacksOfTrace& stacks, Trace& trace) {
  HeapTable& heap = trace.heap;
  heap.blocks = heap.bytes = 0;
  std::unordered_map<StackAndSize, uint64_t, StackAndSize::Hash> counts;
  BlocksOfLocks locks(trace);
  heap.unreadable_pages = BlockScan(bytes).each([&](uint64_t at, const wire::CellBlock& block) {
    ++heap.blocks;
    heap.bytes += block.bytes;
    ++counts[{stack_of(block), block.bytes}];
    locks.meet(at, block);
  });
  locks.tell(trace, stacks);
  std::vector<std::pair<StackAndSize, uint64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.first.stack != b.first.stack ? a.first.stack < b.first.stack
                                          : a.first.bytes < b.first.bytes;
  });
  for (const auto& [key, count] : sorted)
    heap.sites.push_back({stacks(key.stack), key.bytes, count});
}

}  // namespace

void count_blocks(const Bytes& bytes, Trace& trace) {
  HeapTable& heap = trace.heap;
  heap.blocks = heap.bytes = 0;
  BlocksOfLocks locks(trace);
  heap.unreadable_pages = BlockScan(bytes).each([&](uint64_t at, const wire::CellBlock& block) {
    ++heap.blocks;
    heap.bytes += block.bytes;
    locks.meet(at, block);
  });
  StacksOfTrace stacks(bytes, trace);
  locks.tell(trace, stacks);
}

void read_heap_sites(const Bytes& bytes, Trace& trace) {
  StacksOfTrace stacks(bytes, trace);
  const StackOf stack_of = [&](uint32_t number) { return stacks(number); };
  if (trace.heap.record == HeapRecord::sampled)
    read_samples(stacks.image(), stack_of, true, trace);
  else
    read_block_sites(bytes, stacks, trace);
  read_mappings(stacks.image(), stack_of, true, trace);
  read_origins(stacks.image(), stack_of, trace);
  std::stable_sort(trace.heap.sites.begin(), trace.heap.sites.end(),
                   [](const HeapSite& a, const HeapSite& b) {
                     return a.block_bytes * a.count > b.block_bytes * b.count;
                   });
}

namespace {

// Threads tell of what they allocate some KiB late.
void read_peak(const Bytes& bytes, Trace& trace) {
  Copy<wire::Header> header;
  if (!bytes.read(0, header.bytes.data(), sizeof(wire::Header))) return;
  trace.heap.peak_bytes =
      std::max(trace.heap.bytes, header->heap.peak_bytes.load(std::memory_order_relaxed));
}

}  // namespace

void read_heap(const Bytes& bytes, bool sites, Trace& trace) {
  const bool sampled = trace.heap.record == HeapRecord::sampled;
  if (!sampled && trace.heap.record != HeapRecord::kept) return;
  if (sites) {
    read_heap_sites(bytes, trace);
  } else if (sampled) {
    StacksOfTrace stacks(bytes, trace);
    read_samples(stacks.image(), {}, false, trace);
  } else {
    count_blocks(bytes, trace);
  }
  if (!sampled) read_peak(bytes, trace);
  if (trace.heap.unreadable_pages != 0)
    trace.warnings.push_back(std::to_string(trace.heap.unreadable_pages) +
                             " pages of the table of heap blocks could not be read");
}

void recall_stacks(const Bytes& bytes, Trace& trace, Fixpoint& fixpoint) {
  if (fixpoint.leaked.empty()) return;
  Trace scratch;
  Image image(bytes, trace.source, false, scratch);
  for (LeakedBlocks& leaked : fixpoint.leaked) {
    leaked.allocated_at = 0;
    const StackIndex stack = image.stack(leaked.stack);
    if (stack == 0) continue;
    leaked.allocated_at = static_cast<uint32_t>(trace.stacks.size());
    trace.stacks.push_back(scratch.stacks[stack]);
  }
}

}  // namespace track::read
