#include "libtrack/core/cpu_signal.h"

#include <signal.h>

#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"

namespace track::core {
namespace {

constexpr uint64_t kRestorer = 0x04000000;  // SA_RESTORER, which no header of libc names
constexpr long kMaskBytes = 8;

struct KernelAction {
  SignalHandler handler;
  uint64_t flags;
  void (*restorer)();
  uint64_t mask;
};

// The bytes by which unwinders know a signal frame, libc's own among them.
extern "C" __attribute__((visibility("hidden"))) void track_return_from_signal();
asm(R"(
  .text
  .balign 16
  nop
  .globl track_return_from_signal
  .hidden track_return_from_signal
  .type track_return_from_signal, @function
track_return_from_signal:
  mov $15, %rax
  syscall
  .size track_return_from_signal, .-track_return_from_signal
)");

long action(int number, const KernelAction* set, KernelAction* old) {
  return sys::call(SYS_rt_sigaction, number, sys::as_long(set), sys::as_long(old), kMaskBytes);
}

// In the middle of the range first: programs count from its ends.
constexpr int kCandidates[] = {58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 59, 60, 61, 62, 47,
                               46, 45, 44, 43, 42, 41, 40, 63, 39, 38, 37, 36, 35, 64, 34};

}  // namespace

uint64_t blocked_signals() {
  uint64_t blocked = 0;
  sys::call(SYS_rt_sigprocmask, SIG_BLOCK, 0, sys::as_long(&blocked), kMaskBytes);
  return blocked;
}

uint64_t blocked_by_main_thread(uint64_t otherwise) {
  constexpr char kKey[] = "\nSigBlk:\t";
  constexpr long kDigits = 16;
  char text[4096];
  const long n = sys::read_file("/proc/self/status", text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  for (const char* line = text; line < text + n; ++line) {
    if (!starts_with(line, kKey)) continue;
    const char* const digits = line + sizeof kKey - 1;
    if (digits + kDigits > text + n) break;
    uint64_t blocked = 0;
    for (const char* digit = digits; digit < digits + kDigits; ++digit)
      blocked =
          blocked << 4 | static_cast<uint64_t>(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
    return blocked;
  }
  return otherwise;
}

int take_unused_signal(SignalHandler handler, uint64_t blocked, uint64_t tried) {
  for (const int number : kCandidates) {
    const uint64_t bit = uint64_t{1} << (number - 1);
    KernelAction old{};
    if (((tried | blocked) & bit) != 0 || action(number, nullptr, &old) != 0 ||
        old.handler != nullptr)
      continue;
    const KernelAction ours{handler, SA_SIGINFO | SA_RESTART | SA_ONSTACK | kRestorer,
                            track_return_from_signal, ~uint64_t{0}};
    if (action(number, &ours, nullptr) == 0) return number;
  }
  return 0;
}

bool signal_is_ours(int number, SignalHandler handler) {
  KernelAction now{};
  return action(number, nullptr, &now) == 0 && now.handler == handler;
}

void give_signal_back(int number) {
  KernelAction with{};
  // Ignoring a signal drops it wherever it is pending.
  with.handler = reinterpret_cast<SignalHandler>(uintptr_t{1});  // SIG_IGN
  action(number, &with, nullptr);
  with.handler = nullptr;
  action(number, &with, nullptr);
}

void deliver_by_default(int number, const void* info) {
  const KernelAction with{};
  action(number, &with, nullptr);
  sys::call(SYS_rt_tgsigqueueinfo, sys::pid(), sys::tid(), number, sys::as_long(info));
}

}  // namespace track::core
