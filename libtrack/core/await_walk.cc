#include "libtrack/core/await_walk.h"

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/unwind.h"
#include "libtrack/wire/stacks.h"

namespace track::core {
namespace {

constexpr uint32_t kWords = 256;  // of a frame or a piece of stack, at once
constexpr uint32_t kHead = 2;     // words of a frame before its promise
constexpr uint64_t kPromise = 8 * kHead;
constexpr uint64_t kStackReach = 32 << 10;
constexpr uint64_t kLargestFunction = 1 << 20;
constexpr uint64_t kReach = 4096;    // a frame within another begins so near to its head
constexpr uint32_t kMostLooks = 64;  // at frames, for one search

struct Frame {
  uint64_t address = 0;
  uint64_t block = 0;  // that it lies in; its own address where nothing is around it
  uint64_t resume = 0;
  uint32_t words = 0;  // of it, as many as are looked at
  uint32_t created = 0;
};

// The recorded block that begins there, as far as nobody changes it meanwhile.
const wire::CoroutineSlot* block_of(const FrameCell& cell) {
  const uint32_t index = cell.load(std::memory_order_acquire) & kCellIndex;
  if (index == 0) return nullptr;
  const wire::CoroutineSlot& slot = recording.coroutines[index - 1];
  return (__atomic_load_n(&slot.site, __ATOMIC_ACQUIRE) & wire::kFrameSeen) != 0 ? &slot : nullptr;
}

// A frame may begin at the address: a recorded one, or another within it.
bool listed(uint64_t address, Frame& frame) {
  constexpr uint64_t kGranule = 1 << kFrameCellBits, kLeaf = kGranule << kFrameLeafBits;
  if (address % 8 != 0 || address >> 47 != 0) return false;
  const FrameCell* cell = find_frame_cell(address);
  if (cell == nullptr) return false;
  const uint64_t leaf = address & ~(kLeaf - 1);
  for (uint64_t at = address & ~(kGranule - 1); at >= leaf && address - at < kReach;
       at -= kGranule, --cell) {
    const wire::CoroutineSlot* slot = block_of(*cell);
    if (slot == nullptr) continue;
    frame.block = slot->address.load(std::memory_order_relaxed);
    if (frame.block > address) continue;
    const uint64_t bytes = slot->size_bytes - (address - frame.block);
    if (address - frame.block >= slot->size_bytes || address - frame.block >= kReach) return false;
    frame.address = address;
    frame.created = slot->stack;
    frame.words = static_cast<uint32_t>(bytes / 8 < kWords ? bytes / 8 : kWords);
    return frame.words > kHead;
  }
  return false;
}

bool is_function(uint64_t code) {
  uint64_t start = 0, end = 0;
  return code != 0 && function_start(code, &start, &end) && start == code;
}

class Walk {
 public:
  Walk(InterruptedStack& stack, uint64_t* scratch)
      : stack_(stack),
        own_(scratch),
        other_(scratch + kWords),
        piece_(scratch + 2 * kWords),
        chain_(scratch + 3 * kWords),
        resumes_(chain_ + kMostAwaiters + 1) {}

  uint32_t run() {
    limit_ = stack_.depth;
    if (!find_running()) return 0;
    collect_awaiters();
    while (awaiters_ == 0) {
      const Frame inner = running_;
      const uint32_t place = limit_ = place_;
      if (find_running()) {
        collect_awaiters();
        continue;
      }
      running_ = outermost_ = inner;
      place_ = place;
      break;
    }
    if (outermost_.created == 0) return 0;
    // What is kept moves behind the awaiters; either may be longer.
    const uint32_t kept = stack_.depth - place_;
    __builtin_memmove(stack_.frames + awaiters_ + 1, stack_.frames + place_, kept * 8);
    for (uint32_t i = 0; i < awaiters_; ++i) stack_.frames[i] = resumes_[awaiters_ - 1 - i] + 1;
    stack_.frames[awaiters_] = wire::kAwaitedBy;
    stack_.depth = awaiters_ + 1 + kept;
    stack_.truncated = awaiters_ == kMostAwaiters;
    return outermost_.created;
  }

 private:
  // The innermost coroutine whose code is on the stack, outside of limit_, and whose frame's
  // address is at hand.
  bool find_running() {
    running_ = {};
    place_ = 0;
    last_ = 0;
    looks_ = 0;
    for (uint32_t i = 0; i < stack_.register_count; ++i) consider(stack_.registers[i]);
    uint64_t end = stack_.sp + kStackReach;
    if (stack_.high != 0 && stack_.high < end) end = stack_.high;
    for (uint64_t at = stack_.sp & ~uint64_t{7}; at + 8 <= end && looks_ < kMostLooks;) {
      const uint64_t bytes = end - at < kWords * 8 ? (end - at) & ~uint64_t{7} : kWords * 8;
      if (!sys::read_own_memory(reinterpret_cast<const void*>(at), piece_, bytes)) break;
      for (uint64_t i = 0; i < bytes / 8; ++i) consider(piece_[i]);
      at += bytes;
    }
    return running_.address != 0;
  }

  void consider(uint64_t word) {
    Frame frame;
    if (word == running_.address || word == last_ || !listed(word, frame)) return;
    last_ = word;
    if (looks_ == kMostLooks || !read_head(frame)) return;
    // Only further in than what was found already.
    for (uint32_t i = limit_; i > place_ + (running_.address != 0); --i) {
      const uint64_t pc = stack_.frames[i - 1] - 1;
      uint64_t start = 0, end = 0;
      if (pc - frame.resume >= kLargestFunction || !function_start(pc, &start, &end) ||
          start != frame.resume)
        continue;
      running_ = frame;
      place_ = i - 1;
      return;
    }
  }

  bool read_head(Frame& frame) {
    ++looks_;
    return sys::read_own_memory(reinterpret_cast<const void*>(frame.address), &frame.resume,
                                sizeof frame.resume) &&
           frame.resume != 0;
  }

  static bool refers(uint64_t word, uint64_t frame) {
    return word == frame || word == frame + kPromise;
  }

  void collect_awaiters() {
    outermost_ = running_;
    chain_[0] = running_.address;
    awaiters_ = 0;
    looks_ = 0;
    while (awaiters_ < kMostAwaiters && next(outermost_)) {
      resumes_[awaiters_++] = outermost_.resume;
      chain_[awaiters_] = outermost_.address;
    }
  }

  // From a frame to the one that awaits it.
  bool next(Frame& at) {
    if (!sys::read_own_memory(reinterpret_cast<const void*>(at.address), own_, at.words * 8))
      return false;
    for (uint32_t i = kHead; i < at.words; ++i)
      for (const uint64_t before : {uint64_t{0}, kPromise})
        if (awaits(own_[i] - before, at, i)) return true;
    return false;
  }

  // Is at the address the frame of who awaits this one, as the word number i in it says? Then that
  // one takes its place.
  bool awaits(uint64_t address, Frame& at, uint32_t i) {
    Frame above;
    if (looks_ == kMostLooks || !listed(address, above)) return false;
    for (uint32_t k = 0; k <= awaiters_; ++k)
      if (chain_[k] == above.address) return false;
    // Within each other: the outer one awaits, which it needs no pointer for.
    const bool within = above.block == at.block;
    if (within && above.address > at.address) return false;
    ++looks_;
    if (!sys::read_own_memory(reinterpret_cast<const void*>(above.address), other_,
                              above.words * 8) ||
        !is_function(other_[0]))
      return false;
    uint32_t back = kHead;
    while (back < above.words && !refers(other_[back], at.address)) ++back;
    if (!within && (back == above.words || i >= back)) return false;
    above.resume = other_[0];
    at = above;
    return true;
  }

  InterruptedStack& stack_;
  // Not here: the interrupted stack may be a small one.
  uint64_t *own_, *other_, *piece_, *chain_, *resumes_;
  Frame running_, outermost_;
  uint32_t place_ = 0;  // of its code, in the stack's frames
  uint32_t limit_ = 0;  // of that
  uint64_t last_ = 0;   // word that was looked at
  uint32_t looks_ = 0;
  uint32_t awaiters_ = 0;
};

}  // namespace

uint32_t follow_awaiters(InterruptedStack& stack, uint64_t* scratch) {
  if (wiped_in_children.tracked_blocks.load(std::memory_order_relaxed) == 0) return 0;
  return Walk(stack, scratch).run();
}

}  // namespace track::core
