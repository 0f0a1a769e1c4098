#include <algorithm>
#include <cstring>

#include "cli/process/frame_heads.h"
#include "cli/process/pages.h"
#include "cli/process/untracked.h"

namespace track::process {
namespace {

constexpr size_t kPiece = 1 << 20;
constexpr size_t kSelfWithin = 1024;
constexpr uint64_t kHeapFlags = 7, kLargestFrame = 1 << 20;

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
  Finder(Trace& trace, const ProcessImage& image, const CodeLookup& code)
      : trace_(trace),
        image_(image),
        pages_(image.core ? 0 : image.pid),
        code_ranges_(image),
        judge_(trace, image.memory.get(), code) {}

  // Pages that were never touched hold no frame; to read one would make it, or ask the program for
  // it.
  void scan(const Mapping& mapping) {
    on_stack_ = is_stack(mapping);
    std::vector<AddressRange> existing;
    if (image_.core || image_.coherent ||
        !pages_.find(mapping.start, mapping.end, PageTable::Which::existing, existing))
      existing = {{mapping.start, mapping.end}};
    for (const AddressRange& range : existing) scan_range(range);
  }

 private:
  void scan_range(const AddressRange& mapping) {
    for (uint64_t at = mapping.start; at < mapping.end;) {
      if (image_.coherent && image_.view(at).empty()) {
        at = std::max(image_.next_view(at), (at | 0xfff) + 1);
        continue;
      }
      std::span<const std::byte> bytes = image_.view(at);
      if (bytes.empty()) {
        buffer_.resize(std::min<uint64_t>(kPiece, mapping.end - at));
        buffer_.resize(image_.read_some(at, buffer_.data(), buffer_.size()));
        bytes = buffer_;
      }
      if (bytes.size() < 16) {
        at = (at | 0xfff) + 1;  // a hole: go on behind it
        continue;
      }
      const size_t usable = std::min<uint64_t>(bytes.size(), mapping.end - at) & ~size_t{7};
      scan(at, bytes.first(usable));
      // A frame may begin with the last word.
      at += at + usable < mapping.end ? usable - 8 : usable;
    }
  }

  bool is_stack(const Mapping& mapping) const {
    return mapping.path == "[stack]" ||
           std::any_of(image_.threads.begin(), image_.threads.end(), [&](const ImageThread& t) {
             const uint64_t at = t.registers[Registers::rsp];
             return at >= mapping.start && at < mapping.end;
           });
  }

  // GCC keeps the frame's own address in it. On a stack the two words alone may be what a register
  // with both was saved to.
  static bool names_itself(uint64_t frame, std::span<const std::byte> bytes) {
    for (size_t at = 16; at + 8 <= std::min(bytes.size(), kSelfWithin); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if (word == frame) return true;
    }
    return false;
  }

  // Nothing, and then a frame: its resume function is no destroy function.
  bool begins_frame(std::span<const std::byte> bytes) {
    FrameHead head;
    if (bytes.size() < sizeof head) return false;
    std::memcpy(&head, bytes.data(), sizeof head);
    return head.resume != 0 && code_ranges_.covers(head.resume) &&
           code_ranges_.covers(head.destroy) && judge_.of(head).certainty == FrameCertainty::known;
  }

  void scan(uint64_t address, std::span<const std::byte> bytes) {
    for (size_t i = 0; i + 16 <= bytes.size(); i += 8) {
      FrameHead head;
      std::memcpy(&head, bytes.data() + i, sizeof head);
      if (!code_ranges_.covers(head.destroy)) continue;
      if (head.resume != 0 && !code_ranges_.covers(head.resume)) continue;
      const FrameVerdict& verdict = judge_.of(head);
      if (!verdict.frame || verdict.certainty != FrameCertainty::known) continue;
      if (verdict.done && begins_frame(bytes.subspan(i + 8))) continue;
      if (on_stack_ && !names_itself(address + i, bytes.subspan(i))) continue;
      if (!trace_.coroutines.empty() && trace_.coroutines.back().address == address + i) continue;
      Coroutine coroutine;
      coroutine.address = address + i;
      coroutine.id = trace_.coroutines.size() + 1;
      coroutine.size_bytes = block_bytes(image_, coroutine.address);
      coroutine.resume = head.resume;
      coroutine.destroy = head.destroy;
      coroutine.certainty = verdict.certainty;
      coroutine.function = verdict.function;
      coroutine.state = verdict.done ? TaskState::done : TaskState::suspended;
      trace_.coroutines.push_back(coroutine);
    }
  }

  Trace& trace_;
  const ProcessImage& image_;
  PageTable pages_;
  CodeRanges code_ranges_;
  FrameJudge judge_;
  std::vector<std::byte> buffer_;
  bool on_stack_ = false;
};

// Frames live in memory that the program allocates, and in blocks of its own making.
bool may_hold_frames(const Mapping& mapping) {
  return mapping.readable && mapping.writable && !mapping.shared &&
         mapping.end - mapping.start <= kLargestSearched &&
         (mapping.path.empty() || mapping.path == "[heap]" || mapping.path.front() == '[');
}

}  // namespace

void find_coroutines(Trace& trace, const ProcessImage& image, const CodeLookup& code) {
  Finder finder(trace, image, code);
  for (const Mapping& mapping : image.mappings)
    if (may_hold_frames(mapping)) finder.scan(mapping);
  trace.coroutines_created = trace.coroutines.size();
}

}  // namespace track::process
