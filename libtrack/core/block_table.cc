#include "libtrack/core/block_table.h"

#include "libtrack/core/memory.h"

namespace track::core {

BlockTable block_table;

namespace {

using wire::BlockRegion;
using wire::SectionKind;

std::atomic<uint64_t>* regions;  // of the leaves, in the recording
// The same, private: a fork child cannot ask its parent's.
uint32_t region_of_leaf[wire::kMostBlockRegions];
// A leaf that lost the race for its region and waits for another one.
std::atomic<uint32_t> spare_leaf{0};

uint64_t leaf_count() {
  return section_capacity<BlockRegion>(SectionKind::block_regions) < wire::kMostBlockRegions
             ? section_capacity<BlockRegion>(SectionKind::block_regions)
             : wire::kMostBlockRegions;
}

uint32_t take_leaf() {
  if (const uint32_t spare = spare_leaf.exchange(0, std::memory_order_acq_rel)) return spare;
  auto& used = section_used(SectionKind::block_regions);
  uint64_t leaf = used.load(std::memory_order_relaxed);
  do {
    if (leaf >= leaf_count()) return 0;
    if (!reserve(block_table.pages + leaf * wire::kRegionPages, wire::kRegionPages) ||
        !reserve(regions + leaf, sizeof *regions))
      return 0;
  } while (!used.compare_exchange_weak(leaf, leaf + 1, std::memory_order_acq_rel));
  return static_cast<uint32_t>(leaf);
}

uint32_t leaf_of(uint64_t region) {
  std::atomic<uint16_t>& place = block_table.leaves[region];
  uint16_t there = place.load(std::memory_order_relaxed);
  if (there != 0) return there;
  const uint32_t mine = take_leaf();
  if (mine == 0) return place.load(std::memory_order_relaxed);
  region_of_leaf[mine] = static_cast<uint32_t>(region);
  if (place.compare_exchange_strong(there, static_cast<uint16_t>(mine),
                                    std::memory_order_acq_rel)) {
    regions[mine].store(region + 1, std::memory_order_release);
    return mine;
  }
  spare_leaf.store(mine, std::memory_order_release);
  return there;
}

// Reserved some at a time: a heap grows upwards, and each call of the kernel costs more than a
// page.
bool touch_pages(uint64_t cell) {
  const uint64_t page = cell / wire::kPageCells;
  const uint64_t first = page & ~(wire::kPagesAtOnce - 1);
  const bool there =
      populate(block_table.cells + first * wire::kPageCells, wire::kPagesAtOnce * 4096);
  if (!there) count(lost().memory);
  for (uint64_t i = first; i < first + wire::kPagesAtOnce; ++i)
    block_table.pages[i].store(there ? wire::kPageThere : wire::kPageRefused,
                               std::memory_order_release);
  return there;
}

unsigned half_at(uint64_t address) {
  return (address & 8) != 0 ? 1 : 0;
}

// Which way a block's entry is written.
bool is_half(const std::atomic<uint64_t>& cell, uint64_t address) {
  return half_at(address) == 1 ||
         (static_cast<uint32_t>(cell.load(std::memory_order_relaxed)) & wire::kHalfCell) != 0;
}

uint64_t moving_whole(uint64_t before, uint32_t task) {
  return (before & ~uint64_t{wire::kBlockStackMask}) | wire::kWholeMoving |
         (task & wire::kBlockStackMask);
}
uint32_t moving_half(uint64_t before, uint32_t task) {
  return (static_cast<uint32_t>(before) & ~wire::kBlockStackMask) | wire::kHalfMoving |
         (task & wire::kBlockStackMask);
}

// From the mark this task has set, if nobody else has the place by now.
void replace_mark(const MovingBlock& moving, uint32_t task, uint64_t to) {
  std::atomic<uint64_t>* place = moving.address == 0 ? nullptr : find_cell(moving.address);
  if (place == nullptr) return;
  std::atomic<uint64_t>& cell = *place;
  if ((moving.address & 8) != 0 || (moving.before & wire::kHalfCell) != 0) {
    uint32_t mark = moving_half(moving.before, task);
    half_of(cell, half_at(moving.address))
        .compare_exchange_strong(mark, static_cast<uint32_t>(to), std::memory_order_relaxed);
  } else {
    uint64_t mark = moving_whole(moving.before, task);
    cell.compare_exchange_strong(mark, to, std::memory_order_relaxed);
  }
}

}  // namespace

bool start_block_table() {
  regions = section_start<std::atomic<uint64_t>>(SectionKind::block_regions);
  block_table.pages = section_start<std::atomic<uint8_t>>(SectionKind::block_pages);
  block_table.cells = section_start<std::atomic<uint64_t>>(SectionKind::blocks);
  if (leaf_count() < 2) return false;
  // Untouched pages of the process's own memory read as zero; those of a file may not.
  block_table.leaves =
      static_cast<std::atomic<uint16_t>*>(allocate(wire::kBlockRegions * sizeof(uint16_t)));
  section_used(SectionKind::block_regions).store(1, std::memory_order_relaxed);
  return block_table.leaves != nullptr && reserve(block_table.pages, wire::kRegionPages);
}

void restart_block_table_after_fork() {
  if (block_table.leaves == nullptr) return;
  for (const uint32_t region : region_of_leaf)
    block_table.leaves[region].store(0, std::memory_order_relaxed);
  spare_leaf.store(0, std::memory_order_relaxed);
  section_used(SectionKind::block_regions).store(1, std::memory_order_relaxed);
  reserve(block_table.pages, wire::kRegionPages);
}

std::atomic<uint64_t>* make_cell(uint64_t address) {
  if (address != 0 && address < wire::kBlockAddressEnd) {
    const uint64_t leaf = leaf_of(address >> wire::kBlockRegionShift);
    const uint64_t cell =
        leaf * wire::kRegionCells + (address >> wire::kBlockCellShift & (wire::kRegionCells - 1));
    const uint8_t page = block_table.pages[cell / wire::kPageCells].load(std::memory_order_acquire);
    if (leaf != 0 && page != wire::kPageRefused && (page == wire::kPageThere || touch_pages(cell)))
      return block_table.cells + cell;
  }
  count(lost().blocks);
  return nullptr;
}

bool set_small_block(std::atomic<uint64_t>& cell, uint64_t address, uint64_t bytes,
                     uint32_t stack) {
  if ((address & 7) != 0 || (bytes > wire::kSmallBlock && (address & 15) != 0)) {
    count(lost().blocks);
    return false;
  }
  half_of(cell, half_at(address)).store(wire::half_cell(bytes, stack), std::memory_order_relaxed);
  return true;
}

uint64_t bytes_before(const MovingBlock& moving) {
  if (moving.address == 0) return 0;
  const bool whole = (moving.address & 8) == 0 && (moving.before & wire::kHalfCell) == 0;
  return whole ? wire::bytes_of_whole(moving.before)
               : wire::block_of_half(static_cast<uint32_t>(moving.before)).bytes;
}

MovingBlock begin_move(uint64_t address, uint32_t task) {
  std::atomic<uint64_t>* cell = find_cell(address);
  if (cell == nullptr) return {};
  const uint64_t now = cell->load(std::memory_order_relaxed);
  if (!wire::block_of_cell(now, half_at(address)).there) return {};
  if (is_half(*cell, address)) {
    HalfCell& half = half_of(*cell, half_at(address));
    const uint32_t before = half.load(std::memory_order_relaxed);
    half.store(moving_half(before, task), std::memory_order_relaxed);
    return {address, before};
  }
  cell->store(moving_whole(now, task), std::memory_order_relaxed);
  return {address, now};
}

void move_failed(const MovingBlock& moving, uint32_t task) {
  replace_mark(moving, task, moving.before);
}

void move_left(const MovingBlock& moving, uint32_t task) {
  replace_mark(moving, task, 0);
}

void move_stayed(const MovingBlock& moving, uint64_t bytes, uint32_t stack) {
  std::atomic<uint64_t>* cell = moving.address == 0 ? nullptr : find_cell(moving.address);
  const bool was_whole = (moving.address & 8) == 0 && (moving.before & wire::kHalfCell) == 0;
  // All 16 bytes are still this block's: the upper half of its old entry must not stay behind.
  if (cell != nullptr && was_whole && bytes <= wire::kSmallBlock)
    return cell->store(wire::half_cell(bytes, stack), std::memory_order_relaxed);
  if (cell != nullptr) set_block(moving.address, bytes, stack);
}

}  // namespace track::core
