#include <algorithm>
#include <cstring>
#include <map>

#include "cli/process/find_frames.h"
#include "cli/process/frame_heads.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/pages.h"

namespace track::process {
namespace {

constexpr size_t kPiece = 1 << 20;
constexpr uint64_t kHeapFlags = 7, kLargestFrame = 1 << 20;
constexpr uint32_t kRounded = 16;  // malloc's blocks are larger than asked for by less than that

struct Range {
  uint64_t start;
  uint64_t end;
};

class CodeRanges {
 public:
  explicit CodeRanges(const ProcessImage& image) {
    for (const Mapping& mapping : image.mappings)
      if (mapping.executable && image.module_of(mapping.start) != nullptr)
        ranges_.push_back({mapping.start, mapping.end});
    if (!ranges_.empty()) {
      lowest_ = ranges_.front().start;
      highest_ = ranges_.back().end;
    }
  }
  bool covers(uint64_t address) const {
    if (address < lowest_ || address >= highest_) return false;
    const auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), address,
                         [](uint64_t value, const Range& range) { return value < range.start; });
    return after != ranges_.begin() && address < std::prev(after)->end;
  }

 private:
  std::vector<Range> ranges_;
  uint64_t lowest_ = ~uint64_t{0}, highest_ = 0;
};

// A malloc block's size lies just before it. 0 = that is no size: the frame lies inside a block.
uint32_t block_bytes(const ProcessImage& image, uint64_t frame) {
  const uint64_t chunk = image.word(frame - 8);
  const uint64_t bytes = chunk & ~kHeapFlags;
  const bool plausible = bytes >= 32 && bytes % 16 == 0 && bytes <= kLargestFrame;
  return plausible ? static_cast<uint32_t>(bytes - 8) : 0;
}

class Finder {
 public:
  Finder(Trace& trace, const ProcessImage& image, const CodeLookup& code,
         const std::vector<Coroutine>* recorded)
      : image_(image),
        pages_(image.core ? 0 : image.pid),
        code_ranges_(image),
        judge_(trace, image.memory.get(), code),
        recorded_(recorded),
        all_recorded_(recorded != nullptr && !trace.attached) {}

  // Pages that were never touched hold no frame; to read one would make it, or ask the program for
  // it.
  void scan(const Mapping& mapping) {
    std::vector<AddressRange> existing;
    if (image_.core || image_.coherent ||
        !pages_.find(mapping.start, mapping.end, PageTable::Which::existing, existing))
      existing = {{mapping.start, mapping.end}};
    for (const AddressRange& range : existing) scan_range(range);
  }

  void scan(uint64_t address, std::span<const std::byte> bytes) {
    for (size_t i = 0; i + 16 <= bytes.size(); i += 8) {
      FrameHead head;
      std::memcpy(&head, bytes.data() + i, sizeof head);
      if (!code_ranges_.covers(head.destroy)) continue;
      if (head.resume != 0 && !code_ranges_.covers(head.resume)) continue;
      const FrameVerdict& verdict = judge_.of(head);
      if (!verdict.frame || verdict.certainty < FrameCertainty::structural) continue;
      if (verdict.done && begins_frame(bytes.subspan(i + 8))) continue;
      if (!found_.empty() && found_.back().address == address + i) continue;
      if (is_recorded(address + i) || is_over(address + i)) continue;
      Coroutine coroutine;
      coroutine.address = address + i;
      coroutine.id = found_.size() + 1;
      coroutine.resume = head.resume;
      coroutine.destroy = head.destroy;
      coroutine.certainty = verdict.certainty;
      coroutine.function = verdict.function;
      coroutine.state = verdict.done ? TaskState::done : TaskState::suspended;
      const uint32_t own_block = block_bytes(image_, coroutine.address);
      const bool fits = own_block != 0 && fits_block(verdict, own_block - kRounded, own_block);
      if (recorded_ == nullptr && own_block != 0 && !fits) continue;
      coroutine.inside = all_recorded_ || !fits;
      if (!coroutine.inside) coroutine.size_bytes = own_block;
      if (coroutine.inside &&
          (verdict.certainty == FrameCertainty::structural ||
           (verdict.certainty < FrameCertainty::known && is_initialised(coroutine.address))))
        continue;
      found_.push_back(coroutine);
    }
  }

  std::vector<Coroutine> take() { return std::move(found_); }

 private:
  void scan_range(const AddressRange& mapping) {
    for (uint64_t at = mapping.start; at < mapping.end;) {
      const uint64_t next_page = (at | 0xfff) + 1;
      if (next_page == 0) return;
      // What a core has lies here, all of it.
      if ((image_.coherent || image_.core) && image_.view(at).empty()) {
        at = std::max(image_.next_view(at), next_page);
        continue;
      }
      std::span<const std::byte> bytes = image_.view(at);
      if (bytes.empty()) {
        buffer_.resize(std::min<uint64_t>(kPiece, mapping.end - at));
        buffer_.resize(image_.read_some(at, buffer_.data(), buffer_.size()));
        bytes = buffer_;
      }
      if (bytes.size() < 16) {
        at = next_page;  // a hole: go on behind it
        continue;
      }
      const size_t usable = std::min<uint64_t>(bytes.size(), mapping.end - at) & ~size_t{7};
      if (usable < 16) return;
      scan(at, bytes.first(usable));
      // A frame may begin with the last word.
      at += at + usable < mapping.end ? usable - 8 : usable;
    }
  }

  // Below a stack pointer. What lies there is over.
  bool is_over(uint64_t address) {
    constexpr uint64_t kRedZone = 128;
    if (address < stack_low_ || address >= stack_high_) {
      const Mapping* mapping = image_.mapping_of(address);
      stack_low_ = mapping == nullptr ? address : mapping->start;
      stack_high_ = mapping == nullptr ? address + 1 : mapping->end;
      stack_pointer_ = 0;
      for (const ImageThread& thread : image_.threads)
        if (const uint64_t sp = thread.registers[Registers::rsp];
            thread.has_registers && sp >= stack_low_ && sp < stack_high_)
          stack_pointer_ = sp;
    }
    return stack_pointer_ != 0 && address < stack_pointer_ - kRedZone;
  }

  // By the file of its module: a table of functions, no matter what their code looks like. A frame
  // is made at run time, among a module's variables in those that begin as zeros.
  bool is_initialised(uint64_t address) {
    const Module* module = image_.module_of(address);
    if (module == nullptr) return false;
    const auto [entry, fresh] = initialised_.try_emplace(module->start);
    if (fresh) entry->second = initialised_data(*image_.memory, *module);
    return std::any_of(entry->second.begin(), entry->second.end(),
                       [&](const AddressRange& range) { return range.contains(address); });
  }

  bool is_recorded(uint64_t address) const {
    if (recorded_ == nullptr) return false;
    const auto at = std::lower_bound(
        recorded_->begin(), recorded_->end(), address,
        [](const Coroutine& coroutine, uint64_t value) { return coroutine.address < value; });
    return at != recorded_->end() && at->address == address;
  }

  // Nothing, and then a frame: its resume function is no destroy function.
  bool begins_frame(std::span<const std::byte> bytes) {
    FrameHead head;
    if (bytes.size() < sizeof head) return false;
    std::memcpy(&head, bytes.data(), sizeof head);
    return head.resume != 0 && code_ranges_.covers(head.resume) &&
           code_ranges_.covers(head.destroy) && judge_.of(head).certainty == FrameCertainty::known;
  }

  const ProcessImage& image_;
  PageTable pages_;
  CodeRanges code_ranges_;
  FrameJudge judge_;
  const std::vector<Coroutine>* recorded_;  // sorted; null = there is no record
  // Whose frame has a block of its own: not those that were there before `track attach`.
  const bool all_recorded_;
  std::map<uint64_t, std::vector<AddressRange>> initialised_;  // by module
  std::vector<Coroutine> found_;
  std::vector<std::byte> buffer_;
  uint64_t stack_low_ = 0, stack_high_ = 0, stack_pointer_ = 0;  // of the mapping asked for last
};

// Frames live in memory that the program allocates, in blocks of its own making, and in a module's
// variables.
bool may_hold_frames(const ProcessImage& image, const Mapping& mapping) {
  if (!mapping.readable || !mapping.writable || mapping.shared ||
      mapping.end - mapping.start > kLargestSearched)
    return false;
  return mapping.path.empty() || mapping.path.front() == '[' ||
         image.module_of(mapping.start) != nullptr;
}

}  // namespace

void find_coroutines(Trace& trace, const ProcessImage& image, const CodeLookup& code) {
  Finder finder(trace, image, code, nullptr);
  for (const Mapping& mapping : image.mappings)
    if (may_hold_frames(image, mapping)) finder.scan(mapping);
  trace.coroutines = finder.take();
  trace.coroutines_created = trace.coroutines.size();
}

void find_unrecorded(Trace& trace, const ProcessImage& image, std::span<const MemoryRegion> regions,
                     const CodeLookup& code) {
  const auto by_address = [](const Coroutine& a, const Coroutine& b) {
    return a.address < b.address;
  };
  std::vector<Coroutine>& all = trace.coroutines;
  if (!std::is_sorted(all.begin(), all.end(), by_address))
    std::sort(all.begin(), all.end(), by_address);
  Finder finder(trace, image, code, &all);
  for (const MemoryRegion& region : regions) {
    const Mapping* mapping = image.mapping_of(region.address);
    if (mapping != nullptr && may_hold_frames(image, *mapping))
      finder.scan(region.address, region.bytes);
  }
  std::vector<Coroutine> found = finder.take();
  if (found.empty()) return;
  uint64_t last_id = 0;
  for (const Coroutine& coroutine : all) last_id = std::max(last_id, coroutine.id);
  for (Coroutine& coroutine : found) coroutine.id = ++last_id;
  const size_t before = all.size();
  all.insert(all.end(), found.begin(), found.end());
  std::inplace_merge(all.begin(), all.begin() + static_cast<ptrdiff_t>(before), all.end(),
                     by_address);
}

}  // namespace track::process
