#include "cli/process/traced_call.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <chrono>
#include <string>
#include <thread>

#include "cli/model/error.h"

namespace track::process {
namespace {

using Clock = std::chrono::steady_clock;

// Copying page tables takes some 40 ms a GiB.
constexpr auto kPatience = std::chrono::seconds(20);
// A call is done in less, unless there is no processor for it: then not ours is to be in its way.
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr auto kNap = std::chrono::microseconds(20);

constexpr int kCallSignal = SIGTRAP | 0x80;

StopStatus decode(int status) {
  StopStatus stop;
  if (!WIFSTOPPED(status)) {
    stop.ended = true;
    return stop;
  }
  const int signal = WSTOPSIG(status);
  stop.event = status >> 16;
  stop.at_call = stop.event == 0 && signal == kCallSignal;
  if (stop.event == 0 && !stop.at_call) stop.signal = signal;
  return stop;
}

[[noreturn]] void gone(pid_t tid) {
  throw Error("thread " + std::to_string(tid) + " ended while it was borrowed");
}

}  // namespace

void (*before_each_step)() = nullptr;

user_regs_struct registers_of(pid_t tid) {
  user_regs_struct user{};
  iovec where{&user, sizeof user};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &where) != 0) gone(tid);
  return user;
}

void set_registers(pid_t tid, const user_regs_struct& user) {
  if (before_each_step != nullptr) before_each_step();
  iovec where{const_cast<user_regs_struct*>(&user), sizeof user};
  if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &where) != 0) gone(tid);
}

StopStatus await_stop(pid_t tid) {
  const auto start = Clock::now();
  for (;;) {
    int status = 0;
    const pid_t got = waitpid(tid, &status, __WALL | WNOHANG);
    if (got == tid) return decode(status);
    if (got < 0 && errno != EINTR) gone(tid);
    const auto waited = Clock::now() - start;
    if (waited > kPatience)
      throw Error("thread " + std::to_string(tid) + " did not come back from a system call");
    if (waited < kSpin)
      sched_yield();
    else
      std::this_thread::sleep_for(kNap);
  }
}

void resume(pid_t tid, int request, int signal) {
  if (before_each_step != nullptr) before_each_step();
  if (ptrace(static_cast<__ptrace_request>(request), tid, 0, static_cast<long>(signal)) != 0)
    gone(tid);
}

CallResult traced_call(pid_t tid, uint64_t code, uint64_t stack_pointer, int64_t number,
                       const std::array<uint64_t, 5>& arguments) {
  user_regs_struct user = registers_of(tid);
  user.rip = code;
  user.rsp = stack_pointer;
  user.rax = static_cast<uint64_t>(number);
  user.orig_rax = ~uint64_t{0};  // no call that the kernel would make again
  user.rdi = arguments[0];
  user.rsi = arguments[1];
  user.rdx = arguments[2];
  user.r10 = arguments[3];
  user.r8 = arguments[4];
  user.r9 = 0;
  set_registers(tid, user);
  CallResult result;
  for (int stops_at_call = 0; stops_at_call < 2;) {
    resume(tid, PTRACE_SYSCALL);
    const StopStatus stop = await_stop(tid);
    if (stop.ended) gone(tid);
    if (stop.at_call) ++stops_at_call;
    // What was to be a system call is none.
    if (stop.signal == SIGSEGV || stop.signal == SIGILL || stop.signal == SIGBUS ||
        stop.signal == SIGFPE)
      throw Error("thread " + std::to_string(tid) + " cannot make a system call");
    if (stop.signal == SIGSTOP) result.stopped = true;
    if (stop.event == PTRACE_EVENT_CLONE) {
      unsigned long child = 0;
      ptrace(PTRACE_GETEVENTMSG, tid, 0, &child);
      result.child = static_cast<pid_t>(child);
    }
  }
  result.value = static_cast<int64_t>(registers_of(tid).rax);
  return result;
}

}  // namespace track::process
