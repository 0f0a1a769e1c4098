#include "libtrack/core/found_threads.h"

#include <fcntl.h>

#include <atomic>

#include "libtrack/core/memory.h"
#include "libtrack/core/sys.h"

namespace track::core {
namespace {

struct Found {
  std::atomic<int32_t> tid;
  wire::ThreadSlot* slot;
};
constexpr uint32_t kEntries = 1000;
struct Block {
  Block* next;
  uint32_t first_free;  // none is free below it
  Found found[kEntries];
};
std::atomic<Block*> blocks{nullptr};
const int32_t* listed_threads = nullptr;

// A slot whose thread ended unseen was given back, and may be another's.
bool still_found(const Found& found, int32_t tid) {
  return found.slot->tid.load(std::memory_order_relaxed) == tid &&
         found.slot->state.load(std::memory_order_relaxed) == wire::ThreadState::running &&
         (found.slot->flags.load(std::memory_order_relaxed) & wire::kThreadFound) != 0;
}

Found* free_entry() {
  for (Block* block = blocks.load(std::memory_order_relaxed); block != nullptr; block = block->next)
    for (; block->first_free < kEntries; ++block->first_free)
      if (block->found[block->first_free].tid.load(std::memory_order_relaxed) == 0)
        return &block->found[block->first_free++];
  auto* fresh = static_cast<Block*>(allocate(sizeof(Block)));
  if (fresh == nullptr) return nullptr;
  fresh->next = blocks.load(std::memory_order_relaxed);
  fresh->first_free = 1;
  blocks.store(fresh, std::memory_order_release);
  return fresh->found;
}

// As getdents64 writes it.
struct Entry {
  uint64_t inode;
  int64_t offset;
  uint16_t bytes;
  uint8_t type;
  char name[1];
};

}  // namespace

ThreadIds::ThreadIds()
    : directory_(sys::call(SYS_openat, AT_FDCWD, sys::as_long("/proc/self/task"),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      listed_(listed_threads) {}

void list_threads(const int32_t* numbers) {
  listed_threads = numbers;
}

ThreadIds::~ThreadIds() {
  if (directory_ >= 0) sys::call(SYS_close, directory_);
}

int32_t ThreadIds::next() {
  for (;;) {
    if (at_ >= filled_) {
      if (directory_ < 0) return listed_ != nullptr && *listed_ != 0 ? *listed_++ : 0;
      filled_ = sys::call(SYS_getdents64, directory_, sys::as_long(entries_), sizeof entries_);
      at_ = 0;
      if (filled_ <= 0) return 0;
    }
    const auto* entry = reinterpret_cast<const Entry*>(entries_ + at_);
    at_ += entry->bytes;
    int32_t tid = 0;
    for (const char* p = entry->name; *p >= '0' && *p <= '9'; ++p) tid = tid * 10 + (*p - '0');
    if (tid != 0) return tid;
  }
}

void forget_ended_found_threads() {
  for (Block* block = blocks.load(std::memory_order_relaxed); block != nullptr;
       block = block->next) {
    for (Found& found : block->found) {
      const int32_t tid = found.tid.load(std::memory_order_relaxed);
      if (tid != 0 && !still_found(found, tid)) found.tid.store(0, std::memory_order_relaxed);
    }
    block->first_free = 0;
  }
}

void keep_found_thread(int32_t tid, wire::ThreadSlot* slot) {
  Found* found = free_entry();
  if (found == nullptr) return;  // it will get a second slot, as a thread that nobody knows
  found->slot = slot;
  found->tid.store(tid, std::memory_order_release);
}

wire::ThreadSlot* take_found_thread(int32_t tid) {
  for (Block* block = blocks.load(std::memory_order_acquire); block != nullptr; block = block->next)
    for (Found& found : block->found) {
      if (found.tid.load(std::memory_order_acquire) != tid) continue;
      wire::ThreadSlot* slot = still_found(found, tid) ? found.slot : nullptr;
      found.tid.store(0, std::memory_order_relaxed);
      return slot;
    }
  return nullptr;
}

}  // namespace track::core
