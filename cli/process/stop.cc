// One instant of a live process: forked, or copied while it is held.
#include <algorithm>
#include <future>
#include <iterator>

#include "cli/model/error.h"
#include "cli/process/channel_ends.h"
#include "cli/process/copied_memory.h"
#include "cli/process/fork_risk.h"
#include "cli/process/forked_image.h"
#include "cli/process/hold.h"
#include "cli/process/image.h"
#include "cli/process/kernel_side.h"
#include "cli/process/live_image.h"
#include "cli/process/live_memory.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/memory_kinds.h"
#include "cli/process/proc.h"
#include "cli/process/urgency.h"

namespace track::process {
namespace {

// Of memory that an image shares with the process, copied while everything is held.
constexpr uint64_t kMostShared = 16 << 20;

bool touches(const Mapping& mapping, std::span<const AddressRange> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const AddressRange& range) {
    return range.start < mapping.end && range.end > mapping.start;
  });
}

class Instant {
 public:
  Instant(pid_t pid, std::span<const AddressRange> leave_out, const std::function<void()>& also)
      : pid_(pid),
        leave_out_(leave_out),
        also_(also),
        memory_(std::make_shared<CopiedMemory>(pid)) {
    const uint64_t bytes = resident_bytes(pid);
    memory_->reserve(bytes);
    name_process(pid, image_);
    const SpecialMemory special = special_memory(pid);
    why_not_ = why_not_forked(pid, bytes, special);
    code_ = find_code_pieces(mappings(pid), LiveMemory(pid));
    if (!code_.found()) why_not_ = "its code has no system call that can be borrowed";
    special_ = special.not_forked;
  }

  void forbid_fork(const std::string& why) { why_not_ = why; }

  ProcessImage take() {
    Hold hold =
        hold_process(pid_, {[&](const std::vector<HeldThread>& threads) { while_held(threads); },
                            [&] { afterwards(); }});
    image_.memory = memory_;
    image_.pause_ns = hold.pause_ns;
    image_.pause_for =
        why_not_.empty() ? "a copy-on-write image" : "a copy of its memory: " + why_not_;
    image_.coherent = hold.complete && image_.missing.empty();
    std::move(hold.missing.begin(), hold.missing.end(), std::back_inserter(image_.missing));
    image_.threads = std::move(hold.threads);
    for (ImageThread& thread : image_.threads) {
      const TaskStatus status = task_status(pid_, thread.tid);
      thread.name = status.name;
      thread.switches = status.switches;
      thread.started_ns = start_time_ns(pid_, thread.tid);
    }
    sort_threads(image_);
    return std::move(image_);
  }

 private:
  void while_held(const std::vector<HeldThread>& threads) {
    // Most of the time the kernel is busy with the fork: descriptors are looked at meanwhile.
    std::vector<ImageThread> seen;
    for (const HeldThread& held : threads) seen.push_back(*held.thread);
    std::future<KernelSide> kernel =
        std::async(std::launch::async, [pid = pid_, channels = may_all_sleep(seen)] {
          const Urgency urgency;
          return look_at_kernel(pid, channels);
        });
    if (also_) also_();
    image_.mappings = mappings(pid_);
    if (why_not_.empty() && !still_there(code_, LiveMemory(pid_)))
      why_not_ = "it has become another program meanwhile";
    if (why_not_.empty()) {
      try {
        fork_.fork(pid_, threads, image_.mappings, code_);
      } catch (const Error& error) {
        why_not_ = error.what();
      }
    }
    try {
      split();
      memory_->copy(now_, pid_, image_.missing);
      if (fork_.pid() == 0) image_.modules = loaded_modules(image_.mappings, LiveMemory(pid_));
    } catch (...) {
      fork_.end();  // only this thread can
      throw;
    }
    image_.kernel = std::make_shared<const KernelSide>(kernel.get());
  }

  // What an image does not keep is copied at once.
  void split() {
    uint64_t shared = 0;
    for (const Mapping& mapping : image_.mappings) {
      if (keeps(mapping) == Keeps::nothing || touches(mapping, leave_out_)) continue;
      bool now = fork_.pid() == 0 || touches(mapping, special_);
      if (mapping.shared && !now) {
        // A larger one goes on changing; that there is shared memory is a doubt anyway.
        shared += mapping.end - mapping.start;
        now = shared <= kMostShared;
      }
      (now ? now_ : later_).push_back(mapping);
    }
  }

  void afterwards() {
    if (fork_.pid() == 0) return;
    try {
      fork_.settle();
      look_for_gaps();
      image_.modules = loaded_modules(image_.mappings, LiveMemory(fork_.pid()));
      memory_->copy(later_, fork_.pid(), image_.missing);
    } catch (...) {
      fork_.end();
      throw;
    }
    fork_.end();
  }

  void look_for_gaps() {
    const std::vector<Mapping> forked = mappings(fork_.pid());
    const std::vector<AddressRange> emptied = special_memory(fork_.pid()).not_forked;
    for (const Mapping& mapping : later_) {
      if (mapping.shared) continue;  // read of the process itself
      const bool there = std::any_of(forked.begin(), forked.end(), [&](const Mapping& m) {
        return m.start <= mapping.start && mapping.end <= m.end;
      });
      if (!there || touches(mapping, emptied))
        image_.missing.push_back("memory that is not to be forked could not be copied");
    }
  }

  pid_t pid_;
  std::span<const AddressRange> leave_out_;
  const std::function<void()>& also_;
  std::shared_ptr<CopiedMemory> memory_;
  ProcessImage image_;
  CodePieces code_;
  std::vector<AddressRange> special_;
  ForkedImage fork_;
  std::string why_not_;
  std::vector<Mapping> now_, later_;
};

}  // namespace

ProcessImage stop_process(pid_t pid, std::span<const AddressRange> leave_out, StopBy by,
                          const std::function<void()>& while_held) {
  require_readable(pid);
  std::string why_copied = "asked for";
  if (by == StopBy::fork_or_copy) {
    try {
      return Instant(pid, leave_out, while_held).take();
    } catch (const ForkedImage::Lost& lost) {
      why_copied = lost.what();
    }
  }
  Instant copied(pid, leave_out, while_held);
  copied.forbid_fork(why_copied);
  return copied.take();
}

}  // namespace track::process
