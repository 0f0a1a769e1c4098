#include "libtrack/capture/descriptors.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "libtrack/core/options.h"
#include "libtrack/core/sys.h"

namespace track::capture {

std::atomic<DescriptorMode> descriptor_modes[kDescriptors];

namespace {

std::atomic<uint32_t> end_of_known{0};

// A file's reads and writes take no notice of the mode.
bool is_file(int fd) {
  struct stat st {};
  return sys::call(SYS_fstat, fd, sys::as_long(&st)) != 0 || S_ISREG(st.st_mode) ||
         S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode);
}

void remember(int fd, DescriptorMode mode) {
  const auto end = static_cast<uint32_t>(fd) + 1;
  uint32_t known = end_of_known.load(std::memory_order_relaxed);
  while (known < end &&
         !end_of_known.compare_exchange_weak(known, end, std::memory_order_relaxed)) {
  }
  descriptor_modes[fd].store(mode, std::memory_order_relaxed);
}

}  // namespace

bool found_never_to_wait(int fd) {
  if (mode_of(fd) == DescriptorMode::may_wait || core::current_slot() == nullptr ||
      !core::options.waits)
    return false;
  const long flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (flags < 0) return false;  // none, or behind a filter
  const bool never = (flags & O_NONBLOCK) != 0 && !is_file(fd);
  remember(fd, never ? DescriptorMode::never_waits : DescriptorMode::may_wait);
  return never;
}

void forget_descriptors() {
  const uint32_t end = end_of_known.load(std::memory_order_relaxed);
  for (uint32_t fd = 0; fd < end; ++fd) forget_descriptor(static_cast<int>(fd));
}

}  // namespace track::capture
