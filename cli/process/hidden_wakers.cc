#include "cli/process/hidden_wakers.h"

#include <algorithm>
#include <string_view>

#include "cli/process/channels.h"
#include "cli/process/named_functions.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

// What a core file keeps silent about: pointers that these left with the kernel.
constexpr std::string_view kLeaveWithKernel[] = {
    "epoll_ctl",    "timer_create", "pipe",     "pipe2",          "socketpair", "eventfd",
    "memfd_create", "mq_notify",    "mq_send",  "msgsnd",         "sigqueue",   "pthread_sigqueue",
    "aio_read",     "aio_write",    "io_setup", "io_uring_setup", "connect"};
constexpr std::string_view kJump[] = {"longjmp",
                                      "_longjmp",
                                      "siglongjmp",
                                      "__longjmp_chk",
                                      "setcontext",
                                      "swapcontext",
                                      "_Unwind_Resume_or_Rethrow"};
constexpr std::string_view kHandle[] = {"sigaction",   "__sigaction",   "signal", "bsd_signal",
                                        "sysv_signal", "__sysv_signal", "sigset", "sigvec"};

// libc's own signals: thread cancellation and set*id in all threads.
constexpr uint64_t kOfLibc = uint64_t{3} << 31;

uint64_t mask(pid_t pid, const char* field) {
  return std::strtoull(status_field(pid, field).c_str(), nullptr, 16);
}

void add_cancellation(const ProcessImage& image, std::vector<std::string>& doubts) {
  constexpr std::string_view kCancel[] = {"pthread_cancel"};
  for (const auto& [name, module] : named_functions(image, kCancel))
    doubts.push_back("a thread's handle is enough to cancel it, and " + module + " names " +
                     std::string(name));
}

void add_signals(const ProcessImage& image, HiddenWakers& hidden) {
  if (image.core) {
    hidden.signal_handlers = !named_functions(image, kHandle).empty();
  } else {
    hidden.signal_handlers = (mask(image.pid, "SigCgt") & ~kOfLibc) != 0;
    if (((mask(image.pid, "SigPnd") | mask(image.pid, "ShdPnd")) & ~kOfLibc) != 0)
      hidden.blind.emplace_back("signals are pending, which may carry references");
  }
  if (!hidden.signal_handlers) return;
  for (const auto& [name, module] : named_functions(image, kJump)) {
    hidden.doubts.push_back(
        "a signal handler may jump out of a wait: the program has handlers, "
        "and " +
        module + " names " + std::string(name));
    return;
  }
}

void add_silence_of_core(const ProcessImage& image, std::vector<std::string>& blind) {
  std::string names;
  for (const auto& [name, module] : named_functions(image, kLeaveWithKernel))
    names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    blind.push_back("a core file does not say which pointers the kernel held (" + names + ")");
}

void add_channels(pid_t pid, HiddenWakers& hidden) {
  Channels channels = find_channels(pid);
  for (const std::string& kind : channels.waiting)
    hidden.blind.push_back("bytes that nobody has read yet wait in " + kind +
                           " inside this process: they may be references");
  for (const std::string& kind : channels.inside)
    if (std::find(channels.waiting.begin(), channels.waiting.end(), kind) == channels.waiting.end())
      hidden.doubts.push_back(kind + " with both ends in this process may carry references");
  hidden.words = std::move(channels.words);
}

// Without libc as a module nobody can say what the program calls.
void add_static(const ProcessImage& image, std::vector<std::string>& doubts) {
  if (std::none_of(image.modules.begin(), image.modules.end(), [](const Module& module) {
        return module.path.find("/libc.so") != std::string::npos ||
               module.path.find("/libc-") != std::string::npos;
      }))
    doubts.emplace_back("the program is linked statically: what it calls cannot be told");
}

}  // namespace

HiddenWakers hidden_wakers(const ProcessImage& image) {
  HiddenWakers hidden;
  add_cancellation(image, hidden.doubts);
  add_static(image, hidden.doubts);
  add_signals(image, hidden);
  if (image.core)
    add_silence_of_core(image, hidden.blind);
  else
    add_channels(image.pid, hidden);
  return hidden;
}

}  // namespace track::process
