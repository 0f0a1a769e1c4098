#include "cli/process/picture.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "cli/process/allocators.h"
#include "cli/process/channel_ends.h"
#include "cli/process/heap_glibc.h"
#include "cli/process/hidden_references.h"
#include "cli/process/hidden_wakers.h"
#include "cli/process/memory_copy.h"
#include "cli/process/named_functions.h"
#include "cli/process/thread_memory.h"

namespace track::process {
namespace {

constexpr uint64_t kPointerGuard = 0x30;  // in a thread's control block
constexpr uint64_t kRedZone = 128;        // below the stack pointer, and still in use
constexpr size_t kMostArenas = 1 << 20;

bool by_start(const AddressRange& a, const AddressRange& b) {
  return a.start < b.start;
}

bool by_address(const MemoryBlock& a, const MemoryBlock& b) {
  return a.address < b.address;
}

// Sorted, and merged where they touch.
void settle(std::vector<AddressRange>& ranges) {
  std::erase_if(ranges, [](const AddressRange& range) { return range.start >= range.end; });
  std::sort(ranges.begin(), ranges.end(), by_start);
  size_t kept = 0;
  for (const AddressRange& range : ranges) {
    if (kept != 0 && range.start <= ranges[kept - 1].end)
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
    else
      ranges[kept++] = range;
  }
  ranges.resize(kept);
}

struct Kept {
  ProcessImage image;
  MemoryCopy copy;
};

class Gatherer {
 public:
  Gatherer(const ProcessImage& image, const Trace& trace, std::vector<RecordedBlock> recorded)
      : image_(image), trace_(trace) {
    picture_.recorded = std::move(recorded);
    picture_.recorded_kept = trace.heap.record == HeapRecord::kept;
  }

  MemoryPicture gather() {
    std::vector<AddressRange> tracker = tracker_memory(image_, trace_.tracker);
    auto kept = std::make_shared<Kept>(Kept{image_, MemoryCopy(image_, tracker)});
    picture_.regions = kept->copy.regions();
    const bool all_read = kept->copy.unreadable_bytes() == 0;
    picture_.storage = kept;
    picture_.pause_ns = image_.pause_ns;
    picture_.pause_for = image_.pause_for;
    picture_.not_roots = std::move(tracker);

    HeapBlocks heap = read_glibc_heap(image_, picture_.regions);
    picture_.blocks = std::move(heap.blocks);
    const auto of_heap = static_cast<std::ptrdiff_t>(picture_.blocks.size());  // in order
    picture_.heap_known = heap.found && !heap.busy;
    add_ranges(heap.heaps);
    heaps_ = heap.heaps;
    add_recorded(heap.found);

    const RegionReader memory(picture_.regions);
    add_threads(memory);
    add_frames();
    std::sort(picture_.blocks.begin() + of_heap, picture_.blocks.end(), by_address);
    std::inplace_merge(picture_.blocks.begin(), picture_.blocks.begin() + of_heap,
                       picture_.blocks.end(), by_address);
    settle(picture_.not_roots);

    for (const ImageThread& thread : image_.threads)
      if (thread.fs_base != 0 && picture_.pointer_guard == 0)
        picture_.pointer_guard = image_.word(thread.fs_base + kPointerGuard);

    add_doubts(heap);
    if (!picture_.may_be_woken) mark_channel_sleepers(image_, picture_);
    picture_.coherent = image_.coherent && all_read;
    return std::move(picture_);
  }

 private:
  void add_ranges(const std::vector<AddressRange>& ranges) {
    picture_.not_roots.insert(picture_.not_roots.end(), ranges.begin(), ranges.end());
  }

  bool in_heap(uint64_t address) const {
    return std::any_of(heaps_.begin(), heaps_.end(),
                       [&](const AddressRange& heap) { return heap.contains(address); });
  }

  void add_threads(const RegionReader& memory) {
    std::vector<ThreadArea> areas = find_thread_areas(image_, memory);
    std::unordered_map<int32_t, const ThreadArea*> by_tid;
    for (const ThreadArea& area : areas)
      if (area.tid > 0) by_tid[area.tid] = &area;
    for (const ImageThread& thread : image_.threads) {
      ThreadMemory own;
      own.tid = thread.tid;
      own.lacks_registers = !thread.exited && !(thread.has_registers && thread.registers.whole);
      if (thread.in_system_call && thread.system_call == SYS_futex) {
        own.in_futex = !limited(thread.arguments);
        own.futex = thread.arguments[0];
      }
      if (thread.has_registers)
        own.registers.assign(thread.registers.values.begin(), thread.registers.values.end());
      if (thread.gs_base != 0) own.registers.push_back(thread.gs_base);
      add_vectors(thread, own);
      const auto area = by_tid.find(thread.tid);
      if (thread.main)
        place_main(with_control(thread), memory, own);
      else if (area != by_tid.end())
        place(thread, *area->second, memory, own);
      picture_.threads.push_back(std::move(own));
    }
    // The stack of a thread that has ended: what stands there is over. Its control block may hold
    // what it returned.
    for (const ThreadArea& area : areas)
      if (area.tid <= 0 && !holds_stack_pointer(area.mapping))
        picture_.not_roots.push_back({area.mapping.start, area.control});
  }

  // A pointer that is being copied may be nowhere else. Inside a system call of libc these
  // registers are left over: whoever called libc does not expect them to be kept.
  void add_vectors(const ImageThread& thread, ThreadMemory& own) const {
    const Module* module = image_.module_of(thread.registers[Registers::rip]);
    if (thread.in_system_call && module != nullptr && of_the_system(*module)) return;
    for (size_t at = 0; at + 8 <= thread.vectors.size(); ++at) {
      uint64_t word = 0;
      std::memcpy(&word, thread.vectors.data() + at, sizeof word);
      if (word != 0) own.registers.push_back(word);
    }
  }

  // Of the operations that sleep all but one take a time limit there.
  static bool limited(const std::array<uint64_t, 6>& futex) {
    return futex[3] != 0 && (futex[1] & FUTEX_CMD_MASK) != FUTEX_CMP_REQUEUE;
  }

  bool holds_stack_pointer(const AddressRange& range) const {
    return std::any_of(image_.threads.begin(), image_.threads.end(), [&](const ImageThread& t) {
      return !t.has_registers || range.contains(t.registers[Registers::rsp]);
    });
  }

  void take(ThreadMemory& own, uint64_t stack_pointer, uint64_t high, const AddressRange& mapping) {
    own.own = true;
    own.stack = {(stack_pointer - kRedZone) & ~uint64_t{15}, high & ~uint64_t{15}};
    picture_.blocks.push_back({own.stack.start, own.stack.end - own.stack.start});
    picture_.not_roots.push_back(mapping);
  }

  void place(const ImageThread& thread, const ThreadArea& area, const RegionReader& memory,
             ThreadMemory& own) {
    const uint64_t sp = thread.registers[Registers::rsp];
    if (!thread.has_registers || sp < area.mapping.start + kRedZone || sp >= area.control ||
        in_heap(sp))
      return;
    own.control = {area.control, area.mapping.end};
    own.variables = variables_list(area, memory);
    take(own, sp, area.control, area.mapping);
  }

  // Of a thread that is not held the record knows where its control block lies.
  ImageThread with_control(ImageThread thread) const {
    for (const Thread& recorded : trace_.threads)
      if (thread.fs_base == 0 && recorded.main) thread.fs_base = recorded.pthread;
    return thread;
  }

  // Its control block lies elsewhere; one that cannot be told stays a root.
  void place_main(const ImageThread& thread, const RegionReader& memory, ThreadMemory& own) {
    const uint64_t sp = thread.registers[Registers::rsp];
    const uint64_t top = main_stack_top(image_);
    const Mapping* mapping = image_.mapping_of(sp);
    if (!thread.has_registers || mapping == nullptr || top <= sp || top > mapping->end ||
        sp < mapping->start + kRedZone ||
        mapping->path != (image_.core ? std::string() : std::string("[stack]")))
      return;
    take(own, sp, top, {mapping->start, top});
    const MainControl control = main_control(thread, memory);
    if (control.control.start == control.control.end || in_heap(control.control.start)) return;
    own.control = {control.variables.start, control.control.end};
    own.way_out = way_out(thread, own);
    if (!in_heap(control.list.start)) own.list = control.list;
    add_ranges({own.control, control.list});
    if (control.variables.start != control.variables.end)
      picture_.blocks.push_back(
          {control.variables.start, control.variables.end - control.variables.start});
  }

  // Another allocator's. The rest of its memory cannot be told from the program's own, and stays
  // among the roots. Two blocks that share 16 bytes are one here.
  void add_recorded(bool glibc) {
    const bool elsewhere =
        std::any_of(picture_.recorded.begin(), picture_.recorded.end(),
                    [&](const RecordedBlock& block) { return !in_heap(block.address); });
    // Large blocks of glibc's have mappings of their own.
    if (elsewhere && !glibc) {
      std::string doubt = why_table_is_doubtful(image_);
      if (trace_.attached)
        doubt = "the allocator may be called past the recording, which began with `track attach`";
      if (!doubt.empty()) {
        picture_.doubts.push_back(std::move(doubt));
        return;
      }
    }
    for (const RecordedBlock& block : picture_.recorded) {
      if (in_heap(block.address)) continue;
      const uint64_t start = block.address & ~uint64_t{15};
      const uint64_t end = block.address + std::max<uint64_t>(block.bytes, 1);
      picture_.recorded_elsewhere = true;
      if (!picture_.blocks.empty() && picture_.blocks.back().address == start)
        picture_.blocks.back().bytes = std::max(picture_.blocks.back().end(), end) - start;
      else
        picture_.blocks.push_back({start, end - start});
      picture_.not_roots.push_back({start, end});
    }
  }

  // glibc 2.34 to 2.36: the thread's number, four words of robust locks and cleanups, then the
  // address of a jump buffer in the frame that called main.
  uint64_t way_out(const ImageThread& thread, const ThreadMemory& own) const {
    constexpr uint64_t kTid = 0x2d0, kWayOut = 0x300;
    const auto tid = static_cast<int32_t>(image_.word(thread.fs_base + kTid));
    const uint64_t buffer = image_.word(thread.fs_base + kWayOut);
    return thread.fs_base != 0 && tid == thread.tid && own.stack.contains(buffer)
               ? thread.fs_base + kWayOut
               : 0;
  }

  // Frames whose block the heap walk does not know: with another allocator, or a damaged heap.
  void add_frames() {
    // Without a record a frame's size is a guess.
    if (picture_.heap_known || picture_.recorded_elsewhere || !trace_.prepared) return;
    for (const Coroutine& coroutine : trace_.coroutines) {
      if (in_heap(coroutine.address) || coroutine.address % 16 != 0 || coroutine.site_mixed ||
          coroutine.certainty != FrameCertainty::known || coroutine.size_bytes == 0)
        continue;
      picture_.blocks.push_back({coroutine.address, coroutine.size_bytes});
      picture_.not_roots.push_back({coroutine.address, coroutine.address + coroutine.size_bytes});
    }
  }

  void add_doubts(const HeapBlocks& heap) {
    if (!heap.found && !picture_.recorded_elsewhere)
      picture_.doubts.emplace_back("the blocks of this program's allocator cannot be told");
    if (heap.busy) picture_.doubts.emplace_back("a thread was inside the allocator");
    for (const std::string& problem : heap.problems) picture_.doubts.push_back(problem);
    HiddenWakers hidden = hidden_wakers(image_);
    std::move(hidden.doubts.begin(), hidden.doubts.end(), std::back_inserter(picture_.doubts));
    std::move(hidden.blind.begin(), hidden.blind.end(), std::back_inserter(picture_.blind));
    picture_.unread = std::move(hidden.unread);
    picture_.cancels = std::move(hidden.cancels);
    picture_.lock_escape = std::move(hidden.lock_escape);
    picture_.carriers = std::move(hidden.carriers);
    picture_.kernel_words = std::move(hidden.words);
    picture_.signal_handlers = hidden.signal_handlers;
    add_code_doubt();
    picture_.may_be_woken = image_.core || hidden.signal_handlers || hidden.memory_shared;
    if (image_.core)
      picture_.sleep_doubt =
          "a core file does not say which signals the program handles, nor what other processes "
          "share with it: any of these may wake a thread";
    for (const Mapping& mapping : image_.mappings)
      if (mapping.executable) picture_.code.push_back({mapping.start, mapping.end});
    for (const Mapping& mapping : image_.mappings)
      if (may_be_shared(mapping)) picture_.shared.push_back({mapping.start, mapping.end});
    for (const Mapping& mapping : image_.mappings) {
      if (!may_be_shared(mapping) || is_trackers(mapping)) continue;
      picture_.doubts.emplace_back("memory shared with other processes is mapped (" +
                                   (mapping.path.empty() ? "anonymous" : mapping.path) + ")");
      return;
    }
  }

  // Code made at run time holds addresses inside of its instructions.
  void add_code_doubt() {
    for (const Mapping& mapping : image_.mappings)
      if (mapping.executable && !mapping.writable && mapping.path.empty() &&
          mapping.start >> 47 == 0 && image_.module_of(mapping.start) == nullptr) {
        picture_.doubts.emplace_back(
            "code made at run time is mapped, which may hold references in its instructions");
        return;
      }
  }

  bool is_trackers(const Mapping& mapping) const {
    const auto own = tracker_memory(image_, trace_.tracker);
    return std::any_of(own.begin(), own.end(),
                       [&](const AddressRange& range) { return range.contains(mapping.start); });
  }

  bool may_be_shared(const Mapping& mapping) const {
    if (!mapping.writable) return false;
    // A core does not say which mappings are shared; a file that is no module's may be.
    if (image_.core)
      return !mapping.path.empty() && mapping.path.front() == '/' &&
             image_.module_of(mapping.start) == nullptr;
    return mapping.shared;
  }

  const ProcessImage& image_;
  const Trace& trace_;
  MemoryPicture picture_;
  std::vector<AddressRange> heaps_;
};

}  // namespace

std::vector<AddressRange> tracker_memory(const ProcessImage& image, const TrackerPlace& tracker) {
  std::vector<AddressRange> ranges = {
      {tracker.module_start, tracker.module_end},
      {tracker.recording, tracker.recording + tracker.recording_bytes}};
  uint64_t arena = tracker.arenas == 0 ? 0 : image.word(tracker.arenas);
  for (size_t n = 0; arena != 0 && n < kMostArenas; ++n) {
    ranges.push_back({arena, arena + ((image.word(arena + 8) + 4095) & ~uint64_t{4095})});
    arena = image.word(arena);
  }
  settle(ranges);
  return ranges;
}

MemoryPicture gather_picture(const ProcessImage& image, const Trace& trace,
                             std::vector<RecordedBlock> recorded, const HiddenReferences* hidden) {
  MemoryPicture picture = Gatherer(image, trace, std::move(recorded)).gather();
  add_hidden_references(image, hidden, trace.attached, picture);
  // The recording has other numbers for the threads of another pid namespace.
  std::unordered_map<int32_t, int32_t> recorded_as;
  for (const Thread& thread : trace.threads)
    if (thread.outer_tid != 0) recorded_as[thread.outer_tid] = thread.tid;
  for (ThreadMemory& thread : picture.threads)
    if (const auto known = recorded_as.find(thread.tid); known != recorded_as.end())
      thread.tid = known->second;
    else if (!recorded_as.empty())
      thread.tid = -1;
  return picture;
}

}  // namespace track::process
