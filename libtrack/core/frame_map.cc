#include "libtrack/core/frame_map.h"

#include "libtrack/core/memory.h"

namespace track::core {

std::atomic<FrameBranch*> frame_map[1u << kFrameRootBits];

namespace {

std::atomic<FrameLeaf*> newest_leaf{nullptr};

// Of two threads that make the same part the first wins; the other's lies idle.
FrameBranch* make_branch(uint64_t granule) {
  auto& place = frame_map[low_bits<kFrameRootBits>(granule >> (kFrameLeafBits + kFrameBranchBits))];
  FrameBranch* branch = place.load(std::memory_order_acquire);
  if (branch != nullptr) return branch;
  auto* fresh = static_cast<FrameBranch*>(allocate(sizeof(FrameBranch) << kFrameBranchBits));
  if (fresh == nullptr) return nullptr;
  return place.compare_exchange_strong(branch, fresh, std::memory_order_acq_rel) ? fresh : branch;
}

FrameLeaf* make_leaf(FrameBranch& place) {
  FrameLeaf* leaf = place.load(std::memory_order_acquire);
  if (leaf != nullptr) return leaf;
  auto* fresh = static_cast<FrameLeaf*>(allocate(sizeof(FrameLeaf)));
  if (fresh == nullptr) return nullptr;
  fresh->place = &place;
  if (!place.compare_exchange_strong(leaf, fresh, std::memory_order_acq_rel)) return leaf;
  fresh->older = newest_leaf.load(std::memory_order_relaxed);
  while (!newest_leaf.compare_exchange_weak(fresh->older, fresh, std::memory_order_release)) {
  }
  return fresh;
}

}  // namespace

FrameCell* make_frame_cell(uint64_t address) {
  if (FrameCell* cell = find_frame_cell(address)) return cell;
  const uint64_t granule = address >> kFrameCellBits;
  FrameBranch* branch = make_branch(granule);
  if (branch == nullptr) return nullptr;
  FrameLeaf* leaf = make_leaf(branch[low_bits<kFrameBranchBits>(granule >> kFrameLeafBits)]);
  return leaf == nullptr ? nullptr : &leaf->cells[low_bits<kFrameLeafBits>(granule)];
}

void empty_frame_map() {
  // The leaves' pages are still shared with the parent: they are left, not written.
  for (FrameLeaf* leaf = newest_leaf.load(std::memory_order_relaxed); leaf != nullptr;
       leaf = leaf->older)
    leaf->place->store(nullptr, std::memory_order_relaxed);
  newest_leaf.store(nullptr, std::memory_order_relaxed);
}

}  // namespace track::core
