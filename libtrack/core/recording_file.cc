#include "libtrack/core/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libtrack/core/options.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/wire/places.h"
#include "libtrack/wire/recording.h"

namespace track::core {
namespace {

// Kept for fork children, which choose their file long after the environment was read.
char directory[512];

int open_directory(const char* path) {
  sys::call(SYS_mkdirat, AT_FDCWD, sys::as_long(path), 0700);
  const long fd = sys::call(SYS_openat, AT_FDCWD, sys::as_long(path),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return static_cast<int>(fd);
  struct stat st {};
  const long rc = sys::call(SYS_fstat, fd, sys::as_long(&st));
  const auto user = static_cast<uid_t>(sys::call(SYS_geteuid));
  if (rc < 0 || st.st_uid != user || (st.st_mode & 077) != 0) {
    sys::call(SYS_close, fd);
    return -EPERM;
  }
  struct statfs file_system {};
  if (sys::call(SYS_fstatfs, fd, sys::as_long(&file_system)) == 0 &&
      wire::copies_on_write(static_cast<uint64_t>(file_system.f_type))) {
    sys::call(SYS_close, fd);
    return -EOPNOTSUPP;
  }
  return static_cast<int>(fd);
}

int open_default_directory(const char* runtime_dir) {
  if (options.dir.value[0] != 0) {
    Text(directory, sizeof directory).add(options.dir.value);
    return open_directory(directory);
  }
  if (runtime_dir != nullptr && runtime_dir[0] == '/') {
    Text(directory, sizeof directory).add(runtime_dir).add("/track");
    const int fd = open_directory(directory);
    if (fd >= 0) return fd;
  }
  const auto user = static_cast<uint64_t>(sys::call(SYS_geteuid));
  Text(directory, sizeof directory).add("/tmp/track-").add(user);
  const int fd = open_directory(directory);
  if (fd != -EOPNOTSUPP) return fd;
  Text(directory, sizeof directory).add("/dev/shm/track-").add(user);
  return open_directory(directory);
}

// When this process began, by the clock of recordings; the kernel counts in hundredths.
uint64_t process_start_realtime_ns() {
  char text[1024];
  const long n = sys::read_file("/proc/self/stat", text, sizeof text - 1);
  if (n <= 0) return UINT64_MAX;
  text[n] = 0;
  const char* p = text + n;
  while (p > text && *p != ')') --p;  // the name may hold anything
  for (int field = 2; field < 22 && *p != 0; ++p) field += *p == ' ';
  uint64_t hundredths = 0;
  for (; *p >= '0' && *p <= '9'; ++p)
    hundredths = hundredths * 10 + static_cast<uint64_t>(*p - '0');
  return sys::realtime_ns() - (sys::boottime_ns() - hundredths * 10000000);
}

// The recording of this very process before it called exec: it has no other reader left. (One of
// an earlier process with this number is a crash's, and stays.)
void remove_predecessor(int dir, const char* name) {
  // O_NONBLOCK: a FIFO in its place must not make us wait.
  const long fd = sys::call(SYS_openat, dir, sys::as_long(name),
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  alignas(wire::Header) char bytes[sizeof(wire::Header)];
  const long n = sys::call(SYS_read, fd, sys::as_long(bytes), sizeof bytes);
  sys::call(SYS_close, fd);
  const auto& header = *reinterpret_cast<const wire::Header*>(bytes);
  constexpr uint64_t kSlack = 20000000;
  if (n == sizeof bytes && __builtin_memcmp(header.magic, wire::kMagic, sizeof header.magic) == 0 &&
      header.pid == sys::pid() && header.start_realtime_ns + kSlack >= process_start_realtime_ns())
    sys::call(SYS_unlinkat, dir, sys::as_long(name), 0);
}

}  // namespace

int create_recording_file(const char* runtime_dir, uint64_t bytes, char* path, size_t capacity) {
  path[0] = 0;
  const int dir =
      directory[0] != 0 ? open_directory(directory) : open_default_directory(runtime_dir);
  if (dir < 0) return dir;
  long fd = -EEXIST;
  for (uint64_t n = 0; fd == -EEXIST && n < 1000; ++n) {
    Text name(path, capacity);
    name.add(directory).add("/");
    const char* base = path + length(path);
    name.add(wire::kFilePrefix).add(static_cast<uint64_t>(sys::pid())).add(".").add(n);
    fd = sys::call(SYS_openat, dir, sys::as_long(base),
                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd == -EEXIST && !options.keep) remove_predecessor(dir, base);
  }
  if (fd >= 0 && sys::call(SYS_ftruncate, fd, static_cast<long>(bytes)) < 0) {
    sys::call(SYS_unlinkat, dir, sys::as_long(path + length(directory) + 1), 0);
    sys::call(SYS_close, fd);
    fd = -ENOSPC;
  }
  sys::call(SYS_close, dir);
  if (fd < 0) path[0] = 0;
  return static_cast<int>(fd);
}

}  // namespace track::core
