#include "cli/process/stale_frames.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "cli/model/words.h"
#include "cli/process/heap_glibc.h"
#include "cli/process/memory_copy.h"

namespace track::process {
namespace {

constexpr uint64_t kUnknownSize = 256;    // of a frame that nothing bounds
constexpr uint32_t kMostOfElided = 4096;  // blocks of frames with others in them
constexpr uint64_t kRedZone = 128;
constexpr uint64_t kOnStack = 24;      // bytes of a frame there that count
constexpr uint64_t kDequePiece = 512;  // libstdc++'s
constexpr uint64_t kNear = 64 << 10;   // of one piece of memory that is no heap block

bool by_address(const Coroutine& a, uint64_t address) {
  return a.address < address;
}

bool lies_in(const Coroutine& inner, const Coroutine& outer) {
  return inner.address - outer.address < outer.size_bytes;
}

// A frame at the head of a block with others that are destroyed as it is: of a pool. A frame that
// the compiler put into another one has a way of its own to be destroyed.
bool heads_pool(const std::vector<Coroutine>& all, size_t nth) {
  const Coroutine& frame = all[nth];
  if (frame.inside || frame.state == TaskState::unknown) return false;
  for (size_t i = nth + 1; i < all.size() && all[i].inside && lies_in(all[i], frame); ++i)
    if (all[i].destroy == frame.destroy) return true;
  return false;
}

// The recorded block is the pool's; the frame is one of many in it.
void make_inside(Coroutine& frame, const Coroutine& next) {
  frame.inside = true;
  frame.size_bytes = frame.destroy == next.destroy ? next.size_bytes : 0;
  frame.created_at = 0;
  frame.created_ns = 0;
}

class Sieve {
 public:
  Sieve(Trace& trace, const ProcessImage& image, std::span<const MemoryRegion> regions,
        bool recorded)
      : trace_(trace),
        image_(image),
        regions_(regions),
        heap_(read_glibc_heap(image, regions)),
        other_allocator_(recorded && heap_.blocks.empty()),
        keep_(trace.coroutines.size(), true) {}

  void run() {
    std::vector<Coroutine>& all = trace_.coroutines;
    const Coroutine* outer = nullptr;  // a frame with a block of its own
    for (uint32_t i = 0; i < all.size(); ++i) {
      if (heads_pool(all, i))
        make_inside(all[i], all[i + 1]);
      else if (only_seems_a_block(all[i]))
        make_inside(all[i], {});
      // What only looks like clang's has to begin a block.
      if (trace_.attached && all[i].inside && all[i].certainty == FrameCertainty::structural) {
        keep_[i] = false;
        continue;
      }
      if (!all[i].inside) {
        outer = &all[i];
        continue;
      }
      if (outer != nullptr && outer->size_bytes <= kMostOfElided && lies_in(all[i], *outer)) {
        // Elided into that one, and there as long as it is; what has finished is over with.
        keep_[i] = all[i].state != TaskState::done || all[i].told.known();
        continue;
      }
      if (is_free(all[i].address)) {
        keep_[i] = false;
      } else if (is_over(all[i].address)) {
        keep_[i] = all[i].in_use && !below_stack(all[i].address);
      } else if (!all[i].in_use) {
        if (all[i].state == TaskState::done)  // as a recycled block looks
          keep_[i] = false;
        else if (is_of_other_allocator(all[i].address))
          leave_out(i);
        else
          add_doubtful(i);
      }
    }
    if (!doubtful_.empty()) ask_references();
    if (left_out_ != 0)
      trace_.not_visible.push_back(
          count_text(left_out_, "coroutine frame") +
          " inside of larger blocks, or what is left of such: another allocator than glibc's has "
          "made the blocks, and which of them are in use cannot be told");
    size_t kept = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (!keep_[i]) continue;
      if (kept != i) all[kept] = std::move(all[i]);
      ++kept;
    }
    all.resize(kept);
  }

 private:
  struct Doubtful {
    uint64_t start, end;
    uint32_t index;  // into the coroutines
    bool in_use;
    std::vector<uint32_t> refers_to;  // other doubtful ones
  };

  // A word that is a frame's address, in a block that holds no frame.
  struct Handle {
    uint64_t source, block;
    Doubtful* frame;
  };

  const MemoryBlock* block_around(uint64_t address) const {
    const auto after =
        std::upper_bound(heap_.blocks.begin(), heap_.blocks.end(), address,
                         [](uint64_t a, const MemoryBlock& block) { return a < block.address; });
    if (after == heap_.blocks.begin() || address >= std::prev(after)->end()) return nullptr;
    return &*std::prev(after);
  }

  bool is_free(uint64_t address) const {
    return heap_.found &&
           std::any_of(heap_.heaps.begin(), heap_.heaps.end(),
                       [&](const AddressRange& heap) { return heap.contains(address); }) &&
           block_around(address) == nullptr;
  }

  // Of a process that was attached to a frame's own block is known by the word before it alone.
  bool only_seems_a_block(const Coroutine& frame) const {
    if (!trace_.attached || frame.inside || frame.created_ns != 0) return false;
    const MemoryBlock* block = block_around(frame.address);
    return block == nullptr || block->address != frame.address;
  }

  // Its blocks cannot be told from its free memory, where frames that were freed still look like
  // frames; those that have a block of their own are recorded.
  bool is_of_other_allocator(uint64_t address) const {
    const Mapping* mapping = other_allocator_ ? image_.mapping_of(address) : nullptr;
    return mapping != nullptr && (mapping->path.empty() || mapping->path == "[heap]");
  }

  void leave_out(uint32_t index) {
    keep_[index] = false;
    ++left_out_;
  }

  // The thread whose stack is there. A fiber's stack may lie in the heap among other things; of a
  // thread that was on a CPU it is not known where it was.
  const ImageThread* thread_there(uint64_t address) const {
    const Mapping* mapping = image_.mapping_of(address);
    if (mapping == nullptr || mapping->path == "[heap]") return nullptr;
    for (const ImageThread& thread : image_.threads) {
      const uint64_t sp = thread.registers[Registers::rsp];
      if (thread.has_registers ? sp >= mapping->start && sp < mapping->end
                               : thread.tid == image_.pid && mapping->path == "[stack]")
        return &thread;
    }
    return nullptr;
  }

  bool below_stack(uint64_t address) const {
    const ImageThread* thread = thread_there(address);
    return thread != nullptr && thread->has_registers &&
           address < thread->registers[Registers::rsp] - kRedZone;
  }

  // What lies below a stack pointer is over; so are the frames of a thread that ends the process.
  bool is_over(uint64_t address) const {
    const ImageThread* thread = thread_there(address);
    if (thread == nullptr) return false;
    const bool leaving =
        trace_.end == ProcessEnd::main_returned || trace_.end == ProcessEnd::exit_called;
    return below_stack(address) ||
           (leaving &&
            std::any_of(trace_.threads.begin(), trace_.threads.end(), [&](const Thread& t) {
              return t.tid == thread->tid && t.id == trace_.exit_task;
            }));
  }

  bool on_stack(uint64_t address) const {
    const Mapping* mapping = image_.mapping_of(address);
    if (mapping == nullptr || mapping->path == "[stack]") return mapping != nullptr;
    return std::any_of(image_.threads.begin(), image_.threads.end(), [&](const ImageThread& t) {
      const uint64_t sp = t.registers[Registers::rsp];
      return t.has_registers && sp >= mapping->start && sp < mapping->end;
    });
  }

  void add_doubtful(uint32_t index) {
    const std::vector<Coroutine>& all = trace_.coroutines;
    const uint64_t start = all[index].address;
    uint64_t end = start + kUnknownSize;
    if (all[index].inside && all[index].size_bytes != 0) end = start + all[index].size_bytes;
    if (index + 1 < all.size()) end = std::min(end, all[index + 1].address);
    // Two registers that a call saved look like a frame's head, and a stack refers to itself.
    if (on_stack(start)) end = std::min(end, start + kOnStack);
    doubtful_.push_back({start, end, index, false, {}});
  }

  Doubtful* doubtful_at(uint64_t address) {
    const auto after =
        std::upper_bound(doubtful_.begin(), doubtful_.end(), address,
                         [](uint64_t a, const Doubtful& frame) { return a < frame.start; });
    if (after == doubtful_.begin() || address >= std::prev(after)->end) return nullptr;
    return &*std::prev(after);
  }

  bool is_coroutine(uint64_t address) const {
    const auto at =
        std::lower_bound(trace_.coroutines.begin(), trace_.coroutines.end(), address, by_address);
    return at != trace_.coroutines.end() && at->address == address;
  }

  // A list of free places names such as hold no frame, too.
  bool in_free_list(const MemoryRegion& region, size_t offset, uint64_t frame) const {
    uint64_t low = frame > kNear ? frame - kNear : 0, high = frame + kNear;
    if (const MemoryBlock* block = block_around(frame)) {
      low = block->address;
      high = block->end();
    }
    const auto other = [&](size_t at) {
      if (at + 8 > region.bytes.size()) return false;
      uint64_t word = 0;
      std::memcpy(&word, region.bytes.data() + at, sizeof word);
      return word >= low && word < high && word != frame && !is_coroutine(word) &&
             !is_coroutine(word - 16);
    };
    return (offset >= 8 && other(offset - 8)) || other(offset + 8);
  }

  void look_at(const MemoryRegion& region, size_t offset, uint64_t word) {
    Doubtful* frame = doubtful_at(word);
    if (frame == nullptr) return;
    const uint64_t source = region.address + offset;
    if (Doubtful* from = doubtful_at(source)) {
      if (from != frame) from->refers_to.push_back(static_cast<uint32_t>(frame - doubtful_.data()));
      return;
    }
    if (frame->in_use || is_free(source) || is_over(source)) return;
    if (word != frame->start) {
      frame->in_use = true;
    } else if (!in_free_list(region, offset, word)) {
      const MemoryBlock* block = block_around(source);
      if (block == nullptr)
        frame->in_use = true;
      else
        handles_.push_back({source, block->address, frame});
    }
  }

  // Lists keep what was taken out of them: of a vector and of a deque's pieces only the part
  // between their ends counts. word(k): k words behind the one that is the block's address.
  template <typename Word>
  static std::optional<AddressRange> live_part(uint64_t block, uint64_t end, Word word) {
    const uint64_t last = word(1);
    if (block <= last && last <= word(2) && word(2) <= end && word(2) != block)
      return AddressRange{block, last};
    const auto piece = [&](int first) {
      return word(first + 1) - word(first) == kDequePiece &&
             word(first - 1) - word(first) <= kDequePiece;
    };
    if (!piece(0)) return std::nullopt;
    if (piece(4)) return AddressRange{word(-1), word(4) == block ? word(3) : last};
    if (piece(-4)) return AddressRange{word(-4) == block ? word(-5) : block, word(-1)};
    return std::nullopt;
  }

  void ask_lists() {
    std::map<uint64_t, AddressRange> live;
    for (const Handle& handle : handles_) live[handle.block] = {0, 0};
    for (const MemoryRegion& region : regions_)
      for (size_t offset = 0; offset + 8 <= region.bytes.size() && !live.empty(); offset += 8) {
        uint64_t value = 0;
        std::memcpy(&value, region.bytes.data() + offset, sizeof value);
        if (value < live.begin()->first || value > live.rbegin()->first) continue;
        const auto list = live.find(value);
        if (list == live.end()) continue;
        const auto word = [&](int nth) {
          const auto at = static_cast<int64_t>(offset) + 8 * int64_t{nth};
          uint64_t there = 0;
          if (at >= 0 && static_cast<size_t>(at) + 8 <= region.bytes.size())
            std::memcpy(&there, region.bytes.data() + at, sizeof there);
          return there;
        };
        if (const auto part = live_part(value, block_around(value)->end(), word))
          list->second = *part;
      }
    for (const Handle& handle : handles_) {
      const AddressRange& part = live[handle.block];
      if (part.end == 0 || part.contains(handle.source)) handle.frame->in_use = true;
    }
  }

  void ask_references() {
    const uint64_t low = doubtful_.front().start, high = doubtful_.back().end;
    for (const MemoryRegion& region : regions_)
      for (size_t offset = 0; offset + 8 <= region.bytes.size(); offset += 8) {
        uint64_t word = 0;
        std::memcpy(&word, region.bytes.data() + offset, sizeof word);
        if (word >= low && word < high) look_at(region, offset, word);
      }
    for (const ImageThread& thread : image_.threads)
      for (const uint64_t value : thread.registers.values)
        if (Doubtful* frame = value >= low && value < high ? doubtful_at(value) : nullptr)
          frame->in_use = true;
    if (!handles_.empty()) ask_lists();
    std::vector<uint32_t> todo;
    for (uint32_t i = 0; i < doubtful_.size(); ++i)
      if (doubtful_[i].in_use) todo.push_back(i);
    while (!todo.empty()) {
      const Doubtful& from = doubtful_[todo.back()];
      todo.pop_back();
      for (const uint32_t to : from.refers_to)
        if (!doubtful_[to].in_use) {
          doubtful_[to].in_use = true;
          todo.push_back(to);
        }
    }
    for (const Doubtful& frame : doubtful_) keep_[frame.index] = frame.in_use;
  }

  Trace& trace_;
  const ProcessImage& image_;
  std::span<const MemoryRegion> regions_;
  const HeapBlocks heap_;
  const bool other_allocator_;  // than glibc's, in a process with a recording
  std::vector<bool> keep_;
  uint64_t left_out_ = 0;
  std::vector<Doubtful> doubtful_;  // by address
  std::vector<Handle> handles_;
};

}  // namespace

void drop_stale(Trace& trace, const ProcessImage& image, std::span<const MemoryRegion> regions) {
  const std::vector<Coroutine>& all = trace.coroutines;
  if (std::none_of(all.begin(), all.end(), [](const Coroutine& c) { return c.inside; })) return;
  Sieve(trace, image, regions, true).run();
}

void drop_stale(Trace& trace, const ProcessImage& image) {
  const std::vector<Coroutine>& all = trace.coroutines;
  if (std::none_of(all.begin(), all.end(), [](const Coroutine& c) { return c.inside; })) return;
  const MemoryCopy copy(image, {});
  Sieve(trace, image, copy.regions(), false).run();
}

}  // namespace track::process
