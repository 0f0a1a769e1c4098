#include "cli/process/heap_glibc.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <unordered_set>

#include "cli/process/region_reader.h"

namespace track::process {
namespace {

// struct malloc_state, glibc 2.27 to 2.41.
constexpr uint64_t kFastbins = 16, kFastbinCount = 10, kTop = 96, kBins = 112, kBinCount = 127,
                   kNextArena = 2160, kSystemMem = 2184, kStateBytes = 2200;
// struct malloc_par, from sbrk_base.
constexpr int64_t kMmapCount = -36, kMmapLimit = -32, kMmapBytes = -16, kTcacheBins = 8;
constexpr uint64_t kHeapInfoBytes = 48, kHeapStep = uint64_t{64} << 20;
constexpr uint64_t kPreviousInUse = 1, kMapped = 2, kFlags = 7;
// struct tcache_perthread_struct as a chunk: 64 counts of 16 bits, 64 lists.
constexpr uint64_t kTcacheChunk = 0x290, kTcacheBinCount = 64;
constexpr uint64_t kLongestList = 1 << 20;
constexpr size_t kMostArenas = 4096;

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

bool by_address(const MemoryBlock& a, const MemoryBlock& b) {
  return a.address < b.address;
}

struct Walk {
  uint64_t begin = 0;  // first chunk
  uint64_t end = 0;    // the top chunk, or the end of a heap that is full
  bool has_top = false;
};

class Reader {
 public:
  Reader(const ProcessImage& image, std::span<const MemoryRegion> regions)
      : image_(image), regions_(regions), memory_(regions) {}

  HeapBlocks read() {
    const std::optional<uint64_t> main = find_main_arena();
    if (!main) return std::move(result_);
    result_.found = true;
    // Its lists name chunks by their heads, which lie in the last bytes of the block before.
    result_.heaps.push_back({*main, *main + kStateBytes});
    std::vector<Walk> walks = main_heap(*main);
    uint64_t arena = *main;
    for (size_t n = 0; n < kMostArenas; ++n) {
      note_arena(arena);
      const uint64_t next = memory_.word(arena + kNextArena);
      if (next == *main) break;
      if (!looks_like_arena(next)) {
        problem("the list of arenas breaks off after " + hex(arena));
        break;
      }
      add_heaps(next, walks);
      arena = next;
    }
    for (const Walk& walk : walks) collect(walk);
    if (!std::is_sorted(chunks_.begin(), chunks_.end(), by_address))
      std::sort(chunks_.begin(), chunks_.end(), by_address);
    find_tcaches();
    add_mapped_blocks();
    finish();
    return std::move(result_);
  }

 private:
  void problem(std::string text) { result_.problems.push_back(std::move(text)); }

  bool looks_like_arena(uint64_t at) const {
    const uint64_t top = memory_.word(at + kTop);
    if (at % 8 != 0 || top == 0 || top % 16 != 0) return false;
    if (memory_.half(at) > 2 || memory_.half(at + 4) > 7 || memory_.half(at + 8) > 1) return false;
    // An empty bin points to itself; a used one into the heap. Most are empty in any program.
    unsigned empty = 0;
    for (uint64_t i = 0; i < kBinCount; ++i) {
      const uint64_t bin = at + kBins + 16 * i;
      const uint64_t forward = memory_.word(bin), back = memory_.word(bin + 8);
      if (forward == bin - 16 && back == bin - 16)
        ++empty;
      else if (forward == 0 || back == 0 || forward % 16 != 0 || back % 16 != 0)
        return false;
    }
    return empty >= 8 && memory_.word(at + kNextArena) != 0 &&
           memory_.word(at + kSystemMem) % 4096 == 0;
  }

  // Those that begin in it.
  std::span<const MemoryRegion> regions_of(const Module& module) const {
    const auto below = [](const MemoryRegion& region, uint64_t at) { return region.address < at; };
    const auto first = std::lower_bound(regions_.begin(), regions_.end(), module.start, below);
    return {first, std::lower_bound(first, regions_.end(), module.end, below)};
  }

  // It lies in libc's data, or in that of a program that is linked with it.
  std::optional<uint64_t> find_main_arena() const {
    for (const Module& module : image_.modules)
      for (const MemoryRegion& region : regions_of(module)) {
        for (uint64_t at = region.address; at + kStateBytes <= region.end(); at += 8)
          if (looks_like_arena(at)) return at;
      }
    return std::nullopt;
  }

  std::vector<Walk> main_heap(uint64_t arena) {
    const uint64_t top = memory_.word(arena + kTop);
    const uint64_t top_bytes = memory_.word(top + 8) & ~kFlags;
    const Mapping* mapping = image_.mapping_of(top);
    if (top - arena < kStateBytes || mapping == nullptr) return {};  // nothing allocated so far
    find_parameters(top);
    const uint64_t begin = sbrk_base_ != 0 ? (sbrk_base_ + 15) & ~uint64_t{15} : mapping->start;
    if (top_bytes > mapping->end - top) problem("the end of the main heap is damaged");
    result_.heaps.push_back({begin, std::min(mapping->end, top + top_bytes)});
    return {{begin, top, true}};
  }

  // malloc's parameters name the start of its heap: that is how they are found.
  void find_parameters(uint64_t top) {
    for (const Module& module : image_.modules)
      for (const MemoryRegion& region : regions_of(module)) {
        for (uint64_t at = region.address + 40; at + 16 <= region.end(); at += 8) {
          const uint64_t base = memory_.word(at);
          if (base == 0 || base >= top) continue;
          const Mapping* mapping = image_.mapping_of(base);
          if (mapping == nullptr || !may_be_break(*mapping, base)) continue;
          if (memory_.half(at + static_cast<uint64_t>(kMmapLimit)) != 65536 &&
              memory_.word(at + static_cast<uint64_t>(kTcacheBins)) != kTcacheBinCount)
            continue;
          sbrk_base_ = base;
          mapped_count_ = memory_.half(at + static_cast<uint64_t>(kMmapCount));
          mapped_bytes_ = memory_.word(at + static_cast<uint64_t>(kMmapBytes));
          return;
        }
      }
  }

  // A core does not say which mapping the program break's is.
  bool may_be_break(const Mapping& mapping, uint64_t base) const {
    if (mapping.path == "[heap]") return true;
    return image_.core && mapping.path.empty() && mapping.writable && base - mapping.start < 4096;
  }

  void add_heaps(uint64_t arena, std::vector<Walk>& walks) {
    const uint64_t top = memory_.word(arena + kTop);
    uint64_t heap = top & ~(kHeapStep - 1);
    for (size_t n = 0; heap != 0; ++n) {
      const uint64_t size = memory_.word(heap + 16);
      if (n >= kMostArenas || memory_.word(heap) != arena || size > kHeapStep || size % 4096 != 0 ||
          !known_.insert(heap).second) {
        problem("the heaps of the arena at " + hex(arena) + " are not what they should be");
        return;
      }
      Walk walk;
      walk.begin = heap + kHeapInfoBytes;
      if (arena - heap < kHeapStep) walk.begin = (arena + kStateBytes + 15) & ~uint64_t{15};
      walk.has_top = top - heap < kHeapStep;
      walk.end = walk.has_top ? top : heap + size;
      walks.push_back(walk);
      result_.heaps.push_back({heap, heap + size});
      heap = memory_.word(heap + 8);
    }
  }

  void note_arena(uint64_t arena) {
    if (memory_.half(arena) != 0) result_.busy = true;
    for (uint64_t i = 0; i < kFastbinCount; ++i) {
      uint64_t chunk = memory_.word(arena + kFastbins + 8 * i);
      for (uint64_t n = 0; chunk != 0 && n < kLongestList; ++n) {
        if (chunk % 16 != 0 || memory_.region_of(chunk) == nullptr ||
            !free_.insert(chunk + 16).second) {
          problem("a list of free blocks of the arena at " + hex(arena) + " is damaged");
          break;
        }
        const uint64_t link = memory_.word(chunk + 16);
        chunk = link ^ ((chunk + 16) >> 12);
      }
    }
  }

  // Chunk after chunk; where one cannot be, the rest of the heap is not the allocator's to us.
  void collect(const Walk& walk) {
    uint64_t at = walk.begin;
    while (at < walk.end) {
      const uint64_t head = memory_.word(at + 8);
      const uint64_t size = head & ~kFlags;
      if (size == 16 && !walk.has_top) break;  // the fence behind a heap that is full
      const bool possible =
          size >= 32 && size % 16 == 0 && size <= walk.end - at && (head & kMapped) == 0;
      const uint64_t after = possible ? memory_.word(at + size + 8) : 0;
      const bool in_use = (after & kPreviousInUse) != 0;
      if (!possible || after == 0 || (!in_use && memory_.word(at + size) != size)) {
        problem("the heap at " + hex(walk.begin) + " is damaged from " + hex(at) + " on");
        cut_heap(walk, at);
        return;
      }
      if (in_use)
        chunks_.push_back({at + 16, size - 8});
      else
        result_.free_bytes += size;
      at += size;
    }
  }

  void cut_heap(const Walk& walk, uint64_t at) {
    for (AddressRange& heap : result_.heaps)
      if (walk.begin >= heap.start && walk.begin < heap.end) {
        heap.end = at;
        return;
      }
  }

  bool is_chunk(uint64_t user, uint64_t size) const {
    const auto at = std::lower_bound(
        chunks_.begin(), chunks_.end(), user,
        [](const MemoryBlock& block, uint64_t address) { return block.address < address; });
    return at != chunks_.end() && at->address == user && at->bytes == size - 8;
  }

  // Each thread keeps freed blocks that still look used; its table of them is a block itself. That
  // one random word marks them all does not help with lists that are not found: a block which went
  // from a thread that ended through a fastbin to a new owner has it still, behind its first word.
  void find_tcaches() {
    for (const MemoryBlock& block : chunks_)
      if (block.bytes == kTcacheChunk - 8) read_tcache(block.address);
  }

  void read_tcache(uint64_t at) {
    std::vector<uint64_t> found;
    std::unordered_set<uint64_t> keys;
    for (uint64_t i = 0; i < kTcacheBinCount; ++i) {
      const uint32_t count = memory_.half(at + 2 * i) & 0xffff;
      uint64_t entry = memory_.word(at + 128 + 8 * i);
      if ((count == 0) != (entry == 0)) return;
      for (uint32_t n = 0; n < count; ++n) {
        // Every block is in one list once, in a process that nobody made up.
        if (++listed_ > 2 * chunks_.size() + 4096) return;
        if (entry % 16 != 0 || !is_chunk(entry, 32 + 16 * i)) return;
        found.push_back(entry);
        keys.insert(memory_.word(entry + 8));
        entry = memory_.word(entry) ^ (entry >> 12);
      }
      if (entry != 0 && count != 0) return;
    }
    if (keys.size() > 1 || keys.count(0) != 0) return;
    free_.insert(found.begin(), found.end());
  }

  // Blocks with their own mapping are believed only when all that malloc counts are found.
  void add_mapped_blocks() {
    if (mapped_count_ == 0) return;
    std::vector<MemoryBlock> found;
    uint64_t bytes = 0;
    for (const Mapping& mapping : image_.mappings) {
      if (!mapping.writable || mapping.shared || !mapping.path.empty()) continue;
      for (uint64_t at = mapping.start; at < mapping.end;) {
        // Of a large one most may be reserved only: what was not read is passed over.
        const MemoryRegion* region = memory_.first_above(at);
        if (region == nullptr || region->address >= mapping.end) break;
        const uint64_t gap =
            region->address <= at ? 0 : (region->address - at + 4095) / 4096 * 4096;
        if (gap >= mapping.end - at) break;
        at += gap;
        const uint64_t head = memory_.word(at + 8);
        const uint64_t size = head & ~kFlags;
        if ((head & kFlags) != kMapped || memory_.word(at) != 0 || size % 4096 != 0 || size == 0 ||
            size > mapping.end - at) {
          if (mapping.end - at <= 4096) break;
          at += 4096;
          continue;
        }
        found.push_back({at + 16, size - 16});
        bytes += size;
        at += size;
      }
    }
    if (found.size() != mapped_count_ || bytes != mapped_bytes_) {
      problem("large blocks with a mapping of their own could not be told from other mappings");
      return;
    }
    for (const MemoryBlock& block : found)
      result_.heaps.push_back({block.address - 16, block.end()});
    result_.blocks = std::move(found);
  }

  void finish() {
    std::erase_if(chunks_, [&](const MemoryBlock& block) {
      if (free_.count(block.address) == 0) return false;
      result_.free_bytes += block.bytes + 8;
      return true;
    });
    // Those of the heaps are many and in order, those with a mapping of their own few.
    const auto mapped = static_cast<std::ptrdiff_t>(chunks_.size());
    chunks_.insert(chunks_.end(), result_.blocks.begin(), result_.blocks.end());
    std::sort(chunks_.begin() + mapped, chunks_.end(), by_address);
    std::inplace_merge(chunks_.begin(), chunks_.begin() + mapped, chunks_.end(), by_address);
    result_.blocks = std::move(chunks_);
    std::sort(result_.heaps.begin(), result_.heaps.end(),
              [](const AddressRange& a, const AddressRange& b) { return a.start < b.start; });
  }

  const ProcessImage& image_;
  std::span<const MemoryRegion> regions_;
  RegionReader memory_;
  HeapBlocks result_;
  std::vector<MemoryBlock> chunks_;  // that look used
  std::unordered_set<uint64_t> free_, known_;
  size_t listed_ = 0;  // entries of threads' lists that were looked at
  uint64_t sbrk_base_ = 0, mapped_count_ = 0, mapped_bytes_ = 0;
};

}  // namespace

HeapBlocks read_glibc_heap(const ProcessImage& image, std::span<const MemoryRegion> regions) {
  return Reader(image, regions).read();
}

}  // namespace track::process
