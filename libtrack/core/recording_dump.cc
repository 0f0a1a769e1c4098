#include "libtrack/core/recording_dump.h"

#include <errno.h>
#include <fcntl.h>

#include <cstddef>

#include "libtrack/core/recording.h"
#include "libtrack/core/recording_runs.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/wire/tables.h"

namespace track::core {
namespace {

int write_all(long fd, const void* from, uint64_t bytes, uint64_t offset) {
  while (bytes != 0) {
    const long n = sys::call(SYS_pwrite64, fd, sys::as_long(from), static_cast<long>(bytes),
                             static_cast<long>(offset));
    if (n == -EINTR) continue;
    if (n <= 0) return n == 0 ? -ENOSPC : static_cast<int>(n);
    from = static_cast<const char*>(from) + n;
    bytes -= static_cast<uint64_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return 0;
}

// The copy's own words: from when on it was made, and when it was whole.
int write_marks(long fd, uint64_t began_ns) {
  const struct { uint64_t began_ns, realtime_ns; } copied{began_ns, sys::realtime_ns()};
  static_assert(offsetof(wire::Header, copied_realtime_ns) ==
                offsetof(wire::Header, copy_began_ns) + 8);
  const struct { uint64_t monotonic_ns, ticks; } later{sys::monotonic_ns(), sys::ticks()};
  static_assert(offsetof(wire::Header, later_ticks) ==
                offsetof(wire::Header, later_monotonic_ns) + 8);
  const int rc = write_all(fd, &later, sizeof later, offsetof(wire::Header, later_monotonic_ns));
  return rc != 0 ? rc
                 : write_all(fd, &copied, sizeof copied, offsetof(wire::Header, copy_began_ns));
}

constexpr int kLooks = 8;

// A slot as it was at one instant: read twice alike. One that never held still says that its wait
// is just being written, and is taken for running.
void steady_copy(const wire::ThreadSlot& slot, wire::ThreadSlot& copy) {
  for (int look = 0; look < kLooks; ++look) {
    copy_bytes(static_cast<void*>(&copy), &slot, sizeof slot);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (__builtin_memcmp(&copy, &slot, sizeof slot) == 0) return;
  }
  copy.wait.sequence.fetch_or(1, std::memory_order_relaxed);
}

// Once more, and each by itself: a page was copied while its threads wrote.
int write_threads(long fd) {
  const auto* slots = section_start<wire::ThreadSlot>(wire::SectionKind::threads);
  const uint64_t used = entries_used<wire::ThreadSlot>(wire::SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    if (slots[i].state.load(std::memory_order_acquire) == wire::ThreadState::free) continue;
    wire::ThreadSlot copy;
    steady_copy(slots[i], copy);
    const auto offset =
        static_cast<uint64_t>(reinterpret_cast<const char*>(slots + i) - recording.base);
    if (const int failed = write_all(fd, &copy, sizeof copy, offset); failed != 0) return failed;
  }
  return 0;
}

int write_copy(long fd) {
  const uint64_t began_ns = sys::monotonic_ns();
  const long rc = sys::call(SYS_ftruncate, fd, static_cast<long>(recording.bytes));
  if (rc < 0) return static_cast<int>(rc);
  int failed = 0;
  const auto copy = [&](uint64_t page, uint64_t pages) {
    failed = write_all(fd, recording.base + (page << 12), pages << 12, page << 12);
    return failed == 0;
  };
  if (!each_reserved_run(copy) || !each_reserved_block_page(copy)) return failed;
  failed = write_threads(fd);
  return failed != 0 ? failed : write_marks(fd, began_ns);
}

}  // namespace

int dump_recording(const char* path) {
  // A file that grows past the limit is a signal, not an error.
  if (recording.bytes >= file_size_limit()) return -EFBIG;
  char partial[1024];  // a signal handler's stack may be small
  Text name(partial, sizeof partial);
  name.add(path).add(".").add(static_cast<uint64_t>(sys::tid())).add(".partial");
  if (length(path) + 32 > sizeof partial) return -ENAMETOOLONG;
  const long fd = sys::call(SYS_openat, AT_FDCWD, sys::as_long(partial),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return static_cast<int>(fd);
  long rc = write_copy(fd);
  sys::call(SYS_close, fd);
  if (rc == 0) rc = sys::call(SYS_rename, sys::as_long(partial), sys::as_long(path));
  if (rc < 0) sys::call(SYS_unlink, sys::as_long(partial));
  return static_cast<int>(rc);
}

}  // namespace track::core
