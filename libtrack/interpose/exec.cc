// How a process replaces its program: the names by which a program asks for it. (posix_spawn and
// system call the kernel in a child of their own.)
#include "libtrack/control/exec.h"

#include <stdarg.h>

#include "libtrack/capture/real.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::control::ExecAttempt;

TRACK_EXPORT int execve(const char* path, char* const* arguments,
                        char* const* environment) noexcept {
  const ExecAttempt attempt(path);
  return real.execve(path, arguments, environment);
}
TRACK_EXPORT int execveat(int directory, const char* path, char* const* arguments,
                          char* const* environment, int flags) noexcept {
  const ExecAttempt attempt(path);
  return real.execveat(directory, path, arguments, environment, flags);
}
TRACK_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) noexcept {
  const ExecAttempt attempt("");
  return real.fexecve(fd, arguments, environment);
}
TRACK_EXPORT int execv(const char* path, char* const* arguments) noexcept {
  const ExecAttempt attempt(path);
  return real.execv(path, arguments);
}
TRACK_EXPORT int execvp(const char* file, char* const* arguments) noexcept {
  const ExecAttempt attempt(file);
  return real.execvp(file, arguments);
}
TRACK_EXPORT int execvpe(const char* file, char* const* arguments,
                         char* const* environment) noexcept {
  const ExecAttempt attempt(file);
  return real.execvpe(file, arguments, environment);
}

// Makes `arguments` of the caller's list, on the stack as libc does; `list` is left behind its end.
#define TRACK_LISTED_ARGUMENTS(first)                                                  \
  va_list list;                                                                        \
  va_start(list, first);                                                               \
  size_t count = 1;                                                                    \
  for (const char* word = first; word != nullptr; ++count) word = va_arg(list, char*); \
  va_end(list);                                                                        \
  auto** arguments = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));     \
  arguments[0] = const_cast<char*>(first);                                             \
  va_start(list, first);                                                               \
  for (size_t i = 1; i < count; ++i) arguments[i] = va_arg(list, char*)

TRACK_EXPORT int execl(const char* path, const char* first, ...) noexcept {
  TRACK_LISTED_ARGUMENTS(first);
  va_end(list);
  const ExecAttempt attempt(path);
  return real.execv(path, arguments);
}
TRACK_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
  TRACK_LISTED_ARGUMENTS(first);
  va_end(list);
  const ExecAttempt attempt(file);
  return real.execvp(file, arguments);
}
TRACK_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  TRACK_LISTED_ARGUMENTS(first);
  char* const* environment = va_arg(list, char* const*);
  va_end(list);
  const ExecAttempt attempt(path);
  return real.execve(path, arguments, environment);
}
