#include "cli/process/hidden_wakers.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include "cli/process/kernel_side.h"
#include "cli/process/memory_kinds.h"
#include "cli/process/named_functions.h"

namespace track::process {
namespace {

// What a core file keeps silent about: pointers that these left with the kernel.
constexpr std::string_view kLeaveWithKernel[] = {
    "epoll_ctl",      "timer_create",     "pipe",      "pipe2",     "socketpair",
    "eventfd",        "memfd_create",     "mq_notify", "mq_send",   "msgsnd",
    "sigqueue",       "pthread_sigqueue", "aio_read",  "aio_write", "io_setup",
    "io_uring_setup", "connect",          "sendto",    "sendmsg",   "sendmmsg",
    "memfd_secret",   "userfaultfd",      "mkfifo",    "mkfifoat",  "posix_openpt",
    "openpty",        "forkpty",          "getpt",     "shmget",    "shm_open"};
constexpr std::string_view kJump[] = {"longjmp",
                                      "_longjmp",
                                      "siglongjmp",
                                      "__longjmp_chk",
                                      "setcontext",
                                      "swapcontext",
                                      "_Unwind_Resume_or_Rethrow"};
constexpr size_t kPlainJumps = 6;  // of these, those that no C++ library names for itself
constexpr std::string_view kThrow[] = {"__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException",
                                       "_Unwind_ForcedUnwind", "pthread_exit"};
constexpr std::string_view kHandle[] = {"sigaction",   "__sigaction",   "signal", "bsd_signal",
                                        "sysv_signal", "__sysv_signal", "sigset", "sigvec"};

// Signals that a thread brings on itself, at an instruction of its own: not inside a wait.
constexpr uint64_t kOwnFaults = uint64_t{1} << (SIGSEGV - 1) | uint64_t{1} << (SIGBUS - 1) |
                                uint64_t{1} << (SIGFPE - 1) | uint64_t{1} << (SIGILL - 1) |
                                uint64_t{1} << (SIGTRAP - 1) | uint64_t{1} << (SIGSYS - 1) |
                                uint64_t{1} << (SIGABRT - 1);

void add_cancellation(const ProcessImage& image, HiddenWakers& hidden) {
  constexpr std::string_view kCancel[] = {"pthread_cancel"};
  for (const auto& [name, module] : named_functions(image, kCancel))
    hidden.cancels = module + " names " + std::string(name);
  if (!hidden.cancels.empty())
    hidden.doubts.push_back("a thread's handle is enough to cancel it, and " + hidden.cancels);
}

// Who has handlers may end a wait by one: it jumps, or throws what is caught around the wait.
void add_handlers(const ProcessImage& image, uint64_t handled, HiddenWakers& hidden) {
  hidden.signal_handlers = image.core ? !named_functions(image, kHandle).empty() : handled != 0;
  if (!hidden.signal_handlers) return;
  for (const auto& [name, module] : named_functions(image, kJump)) {
    hidden.doubts.push_back(
        "a signal handler may jump out of a wait: the program has handlers, "
        "and " +
        module + " names " + std::string(name));
    return;
  }
  if (!image.core && (handled & ~kOwnFaults) == 0) return;
  for (const auto& [name, module] : named_functions(image, kThrow)) {
    hidden.doubts.push_back(
        "a signal handler may end a wait by an exception: the program has handlers, and " + module +
        " names " + std::string(name));
    return;
  }
}

void add_silence_of_core(const ProcessImage& image, std::vector<std::string>& blind) {
  std::string names;
  for (const auto& [name, module] : named_functions(image, kLeaveWithKernel))
    names += (names.empty() ? "" : ", ") + std::string(name);
  std::byte first{};
  for (const Mapping& mapping : image.mappings)
    if (is_memory_file(mapping) && image.read_some(mapping.start, &first, 1) == 0) {
      blind.push_back("the core file lacks memory that may be shared (" + mapping.path + ")");
      break;
    }
  constexpr std::string_view kLeaveOut[] = {"madvise"};
  for (const auto& [name, module] : named_functions(image, kLeaveOut))
    blind.push_back("a core file lacks memory that is marked so, and " + module + " names " +
                    std::string(name));
  if (!names.empty())
    blind.push_back("a core file does not say which pointers the kernel held (" + names + ")");
}

// A wait for a lock ends with the lock alone, unless the thread is taken out of it: by a handler
// that jumps, or by a cancellation that needs no cancellation point. An exception would do, too,
// but C++ allows a handler none, and nearly every program with handlers could throw one.
void add_lock_escape(const ProcessImage& image, uint64_t handled, HiddenWakers& hidden) {
  constexpr std::string_view kAnywhere[] = {"pthread_setcanceltype"};
  if (!hidden.cancels.empty())
    for (const auto& [name, module] : named_functions(image, kAnywhere))
      hidden.lock_escape = "a thread may be cancelled wherever it is: " + hidden.cancels +
                           ", and " + module + " names " + std::string(name);
  if (image.core ? !hidden.signal_handlers : (handled & ~kOwnFaults) == 0) return;
  for (const auto& [name, module] : named_functions(image, std::span(kJump).first(kPlainJumps)))
    hidden.lock_escape =
        "a signal handler may jump out of the wait: the program has handlers, and " + module +
        " names " + std::string(name);
}

// Without libc as a module nobody can say what the program calls.
void add_static(const ProcessImage& image, std::vector<std::string>& doubts) {
  if (std::none_of(image.modules.begin(), image.modules.end(), [](const Module& module) {
        return module.path.find("/libc.so") != std::string::npos ||
               module.path.find("/libc-") != std::string::npos;
      }))
    doubts.emplace_back("the program is linked statically: what it calls cannot be told");
}

void add_devices(const ProcessImage& image, std::vector<std::string>& doubts) {
  for (const Mapping& mapping : image.mappings)
    if (is_device(mapping)) {
      doubts.push_back("memory of a device is mapped (" + mapping.path +
                       "), which may hold references");
      return;
    }
}

}  // namespace

HiddenWakers hidden_wakers(const ProcessImage& image) {
  HiddenWakers hidden;
  add_cancellation(image, hidden);
  add_static(image, hidden.doubts);
  add_devices(image, hidden.doubts);
  for (const Mapping& mapping : image.mappings)
    if (mapping.path.compare(0, 6, "/[aio]") == 0) {
      hidden.blind.emplace_back("asynchronous I/O (aio) is in use, which may hold pointers");
      break;
    }
  if (image.core) {
    add_handlers(image, 0, hidden);
    add_lock_escape(image, 0, hidden);
    add_silence_of_core(image, hidden.blind);
    return hidden;
  }
  KernelSide kernel = image.kernel ? *image.kernel : look_at_kernel(image.pid);
  add_handlers(image, kernel.handled_signals, hidden);
  add_lock_escape(image, kernel.handled_signals, hidden);
  std::move(kernel.doubts.begin(), kernel.doubts.end(), std::back_inserter(hidden.doubts));
  hidden.carriers = std::move(kernel.carriers);
  std::move(kernel.blind.begin(), kernel.blind.end(), std::back_inserter(hidden.blind));
  hidden.unread = std::move(kernel.unread);
  hidden.words = std::move(kernel.words);
  hidden.memory_shared = shares_its_memory(image.pid);
  if (hidden.memory_shared) hidden.doubts.emplace_back("another process runs in the same memory");
  return hidden;
}

}  // namespace track::process
