#include "cli/analyze/block_map.h"

namespace track::analyze {
namespace {

constexpr uint64_t kChunk = uint64_t{1} << BlockMap::kChunkShift;
constexpr uint64_t kUserEnd = uint64_t{1} << 47;
constexpr size_t kMostCells = (size_t{1} << 31) - 2;  // a mark keeps a bit for itself

constexpr uint64_t chunk_floor(uint64_t address) {
  return address & ~(kChunk - 1);
}
constexpr uint64_t chunk_ceiling(uint64_t address) {
  return chunk_floor(address + kChunk - 1);
}
constexpr uint64_t granule_ceiling(uint64_t address) {
  return (address + 15) & ~uint64_t{15};
}

}  // namespace

BlockMap::BlockMap(std::span<const MemoryBlock> blocks)
    : roots_(kUserEnd >> kRootShift, 0), leaves_(kLeaf, 0) {
  cells_.reserve(blocks.size() + blocks.size() / 8 + 16);
  uint64_t run_end = 0;  // chunks of the run so far end here
  uint64_t covered = 0;  // cells tile the run up to here
  for (const MemoryBlock& block : blocks) {
    if (block.address % 16 != 0 || block.bytes == 0 || block.address >= kUserEnd ||
        block.bytes > kUserEnd - block.address || block.address < covered ||
        cells_.size() >= kMostCells - 2) {
      ++left_out_;
      continue;
    }
    const uint64_t end = granule_ceiling(block.end());
    if (chunk_floor(block.address) > run_end || run_end == 0) {
      if (covered < run_end) add_cell(covered, 0);
      covered = run_end = chunk_floor(block.address);
    }
    if (chunk_ceiling(end) > run_end) {
      add_chunks(run_end, chunk_ceiling(end));
      run_end = chunk_ceiling(end);
    }
    if (covered < block.address) add_cell(covered, 0);
    add_cell(block.address, block.bytes);
    covered = end;
  }
  if (covered < run_end) add_cell(covered, 0);
  number_pages();
  find_ranges();
}

void BlockMap::add_chunks(uint64_t from, uint64_t to) {
  for (uint64_t at = from; at < to; at += kChunk) {
    uint32_t& leaf = roots_[at >> kRootShift];
    if (leaf == 0) {
      leaf = static_cast<uint32_t>(leaves_.size());
      leaves_.resize(leaves_.size() + kLeaf, 0);
    }
    chunk_base_.push_back(at);
    leaves_[leaf + (at >> kChunkShift & (kLeaf - 1))] = static_cast<uint32_t>(chunk_base_.size());
  }
  pages_.resize(chunk_base_.size() * kPagesPerChunk);
}

void BlockMap::add_cell(uint64_t address, uint64_t bytes) {
  cells_.push_back({address, bytes});
  const uint32_t granule = granule_of(address);
  pages_[page_of(address)].starts[granule >> 6] |= uint64_t{1} << (granule & 63);
}

// Every run of chunks begins with a cell, so `before` of its first page is right from the start.
void BlockMap::number_pages() {
  uint32_t next = 0;
  for (Page& page : pages_) {
    for (int half = 0; half < 2; ++half) {
      page.before[half] = next - 1;
      next += static_cast<uint32_t>(__builtin_popcountll(page.starts[half]));
    }
  }
}

// The widest hole without a block separates them: usually the program break from the mappings.
void BlockMap::find_ranges() {
  if (chunk_base_.empty()) return;
  size_t split = 0;
  uint64_t widest = 0;
  for (size_t i = 1; i < chunk_base_.size(); ++i)
    if (chunk_base_[i] - chunk_base_[i - 1] > widest) {
      widest = chunk_base_[i] - chunk_base_[i - 1];
      split = i;
    }
  const uint64_t end = chunk_base_.back() + kChunk;
  ranges_[0] = {chunk_base_.front(), end};
  if (widest <= kChunk) return;
  ranges_[0].second = chunk_base_[split - 1] + kChunk;
  ranges_[1] = {chunk_base_[split], end};
}

Cell BlockMap::find(uint64_t address) const {
  const uint32_t page = page_of(address);
  if (page == ~0u) return kNoCell;
  const Cell cell = cell_in(pages_[page], granule_of(address));
  return is_block(cell) ? cell : kNoCell;
}

}  // namespace track::analyze
