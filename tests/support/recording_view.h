// recording_view.h: a recording as bytes, for tests: bounds-checked access by the wire structures,
// read-only, with none of cli/read's interpretation. Throws std::runtime_error on a file that
// breaks a promise of wire/recording.h.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "libtrack/wire/recording.h"
#include "libtrack/wire/ring.h"
#include "libtrack/wire/stacks.h"
#include "libtrack/wire/tables.h"

namespace track::test {

// What a reader may believe of a thread's wait.
struct WaitCopy {
  wire::WaitKind kind = wire::WaitKind::none;
  uint8_t flags = 0;
  uint64_t object = 0, mutex = 0, since_ticks = 0, stack_pointer = 0;
  uint32_t stack = 0;
  int32_t owner_tid = 0;
};

// The reader's side of the sequence protocol; false: still being written after many tries, as for
// ever in the file of a killed process.
__attribute__((no_sanitize("thread"))) inline bool read_wait(const wire::Wait& wait,
                                                             WaitCopy& copy) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const uint32_t before = wait.sequence.load(std::memory_order_acquire);
    const volatile wire::Wait& w = wait;
    copy.kind = w.kind;
    copy.flags = w.flags;
    copy.object = w.object;
    copy.mutex = w.mutex;
    copy.since_ticks = w.since_ticks;
    copy.stack_pointer = w.stack_pointer;
    copy.stack = w.stack;
    copy.owner_tid = w.owner_tid;
    std::atomic_signal_fence(std::memory_order_seq_cst);  // x86 keeps loads in order
    if ((before & 1) == 0 && wait.sequence.load(std::memory_order_acquire) == before) return true;
  }
  return false;
}

class RecordingView {
 public:
  explicit RecordingView(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat st {};
    if (fd < 0 || fstat(fd, &st) != 0) throw std::runtime_error(path + ": cannot be opened");
    bytes_ = static_cast<uint64_t>(st.st_size);
    void* p = bytes_ >= wire::kHeaderBytes ? mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, fd, 0)
                                           : MAP_FAILED;
    close(fd);
    if (p == MAP_FAILED) throw std::runtime_error(path + ": cannot be mapped");
    base_ = static_cast<const char*>(p);
    if (std::memcmp(header().magic, wire::kMagic, sizeof wire::kMagic) != 0)
      throw std::runtime_error(path + ": no magic");
    if (header().version != wire::kVersion || header().file_bytes != bytes_)
      throw std::runtime_error(path + ": version or length is wrong");
    for (uint32_t i = 1; i < wire::kSectionCount; ++i) {
      const wire::Section& s = header().sections[i];
      if (static_cast<uint32_t>(s.kind) != i || s.offset % 4096 != 0 || s.offset > bytes_ ||
          s.bytes > bytes_ - s.offset)
        throw std::runtime_error(path + ": section out of bounds");
    }
  }
  ~RecordingView() { munmap(const_cast<char*>(base_), bytes_); }
  RecordingView(const RecordingView&) = delete;

  const wire::Header& header() const { return *reinterpret_cast<const wire::Header*>(base_); }
  const wire::Section& section(wire::SectionKind kind) const {
    return header().sections[static_cast<uint32_t>(kind)];
  }
  template <class T>
  const T* entries(wire::SectionKind kind) const {
    return reinterpret_cast<const T*>(base_ + section(kind).offset);
  }
  uint64_t used(wire::SectionKind kind) const {
    return section(kind).used.load(std::memory_order_acquire);
  }

  std::vector<const wire::ThreadSlot*> threads() const {
    std::vector<const wire::ThreadSlot*> live;
    const auto* slots = entries<wire::ThreadSlot>(wire::SectionKind::threads);
    for (uint64_t i = 0; i < used(wire::SectionKind::threads); ++i)
      if (slots[i].state.load() != wire::ThreadState::free) live.push_back(slots + i);
    return live;
  }
  const wire::ThreadSlot* thread_of_tid(int32_t tid) const {
    for (const auto* slot : threads())
      if (slot->tid.load() == tid) return slot;
    return nullptr;
  }
  // Addresses of the blocks recorded as coroutine frames or candidates.
  std::set<uint64_t> blocks(bool frames_only) const {
    std::set<uint64_t> found;
    const auto* slots = entries<wire::CoroutineSlot>(wire::SectionKind::coroutines);
    for (uint64_t i = 0; i < used(wire::SectionKind::coroutines); ++i)
      if (const uint64_t address = slots[i].address.load();
          address != 0 && (!frames_only || (slots[i].site & wire::kFrameSeen) != 0))
        found.insert(address);
    return found;
  }
  // Return addresses outermost first; empty when the reference leads nowhere.
  std::vector<uint64_t> stack(uint32_t reference) const {
    const auto& index = section(wire::SectionKind::stack_index);
    if (reference == 0 || reference >= index.bytes / sizeof(wire::StackIndexEntry)) return {};
    const uint64_t body =
        entries<wire::StackIndexEntry>(wire::SectionKind::stack_index)[reference].body.load();
    const uint64_t at = wire::stack_body_offset(body), depth = wire::stack_body_depth(body);
    if (body == 0 || at + depth > section(wire::SectionKind::stack_bodies).bytes / 8) return {};
    const auto* words = entries<uint64_t>(wire::SectionKind::stack_bodies) + at;
    return {words, words + depth};
  }
  uint64_t ring_count() const {
    return section(wire::SectionKind::rings).bytes / wire::kRingStride;
  }
  const wire::Ring& ring(uint64_t i) const {
    return *reinterpret_cast<const wire::Ring*>(base_ + section(wire::SectionKind::rings).offset +
                                                i * wire::kRingStride);
  }
  std::vector<wire::Event> events() const {
    std::vector<wire::Event> all;
    for (uint64_t i = 0; i < ring_count(); ++i) {
      const uint64_t head = ring(i).head.load(std::memory_order_acquire);
      for (uint64_t n = head > wire::kRingEvents ? head - wire::kRingEvents : 0; n < head; ++n)
        all.push_back(ring(i).events[n % wire::kRingEvents]);
    }
    return all;
  }
  uint64_t count_events(wire::EventKind kind) const {
    uint64_t n = 0;
    for (const auto& event : events()) n += event.kind == kind;
    return n;
  }

 private:
  const char* base_;
  uint64_t bytes_;
};

}  // namespace track::test
