#include "cli/process/borrowed_thread.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"
#include "cli/process/memory.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr uint64_t kFrames = 2 << 10;  // what a way back takes besides the vector registers
constexpr uint64_t kThreadId = 720;    // in glibc's control block of a thread, x86-64
constexpr uint64_t kAllSignals = ~uint64_t{0};

// With this one setuid and its like tell the other threads to do the same (glibc: SIGSETXID), and
// wait for their answer with the lock that pthread_create takes. A thread that runs code of libc
// for us must answer, and so must those that it makes, which get its mask.
constexpr int kAllThreadsCall = 33;
constexpr uint64_t kAllButThat = ~(uint64_t{1} << (kAllThreadsCall - 1));
constexpr uint64_t kCodeSegment = 0x33;
constexpr unsigned kShadowStackSet = 0x204;  // NT_X86_SHSTK

// Not in every libc's headers.
constexpr auto kGetRseq = static_cast<__ptrace_request>(0x420f);
constexpr auto kGetDispatch = static_cast<__ptrace_request>(0x4211);

struct RseqConfiguration {
  uint64_t area;
  uint32_t bytes, signature, flags, padding;
};
struct DispatchConfiguration {
  uint64_t mode, selector, offset, length;
};

// A sequence that the kernel promises to restart when the thread is disturbed: it must not be
// resumed elsewhere in the middle of it.
bool in_restartable_sequence(pid_t pid, pid_t tid, uint64_t instruction) {
  RseqConfiguration rseq{};
  if (ptrace(kGetRseq, tid, sizeof rseq, &rseq) < 0) return true;  // cannot be told
  if (rseq.area == 0) return false;
  const Memory memory(pid);
  uint64_t descriptor = 0;
  if (!memory.read(rseq.area + 8, &descriptor, sizeof descriptor)) return true;
  if (descriptor == 0) return false;
  uint64_t fields[3];  // version and flags, start, length
  if (!memory.read(descriptor, fields, sizeof fields)) return true;
  return instruction - fields[1] < fields[2];
}

std::string name_space(pid_t tid, const std::string& kind) {
  char text[64];
  const std::string path = "/proc/" + std::to_string(tid) + "/ns/" + kind;
  const ssize_t n = readlink(path.c_str(), text, sizeof text);
  return n <= 0 ? std::string() : std::string(text, static_cast<size_t>(n));
}

std::vector<std::byte> vector_state(pid_t tid) {
  std::vector<std::byte> state(16 << 10);
  iovec where{state.data(), state.size()};
  if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &where) != 0 || where.iov_len == state.size())
    throw Error("the vector registers of thread " + std::to_string(tid) + " cannot be read");
  state.resize(where.iov_len);
  return state;
}

const Mapping* stack_of(const user_regs_struct& user, const std::vector<Mapping>& mappings) {
  const auto found = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& mapping) {
    return user.rsp >= mapping.start && user.rsp < mapping.end;
  });
  return found == mappings.end() || !found->writable || found->shared ? nullptr : &*found;
}

bool is_own(const Mapping& stack, const ImageThread& thread, const user_regs_struct& user) {
  if (thread.main && stack.path == "[stack]") return true;
  // glibc puts the control block above the stack.
  return stack.path.empty() && user.fs_base > user.rsp && user.fs_base < stack.end;
}

// Whoever switches stacks may have switched what libc knows the thread by.
bool has_its_control_block(pid_t pid, pid_t tid, uint64_t control) {
  const Memory memory(pid);
  uint64_t words[3] = {};  // itself, something else, itself
  int32_t number = 0;
  if (!memory.read(control, words, sizeof words) || words[0] != control || words[2] != control ||
      !memory.read(control + kThreadId, &number, sizeof number))
    return false;
  const std::string numbers = status_field(tid, "NSpid");  // the innermost namespace's last
  return numbers.substr(numbers.find_last_of(" \t") + 1) == std::to_string(number);
}

std::string why_not_on_its_stack(pid_t pid, const ImageThread& thread, const user_regs_struct& user,
                                 const std::vector<Mapping>& mappings, StackKind kind) {
  const Mapping* stack = stack_of(user, mappings);
  if (stack == nullptr) return "its stack is no private memory";
  if (!is_own(*stack, thread, user)) {
    if (kind == StackKind::own) return "it is not on a stack of its own";
    if (!has_its_control_block(pid, thread.tid, user.fs_base))
      return "it is not on a stack of its own, and libc does not know it as this thread";
  }
  return user.rsp - stack->start < vector_state(thread.tid).size() + kFrames
             ? "its stack is nearly full"
             : std::string();
}

}  // namespace

std::string why_not_borrowed(pid_t pid, const ImageThread& thread, const user_regs_struct& user,
                             const std::vector<Mapping>& mappings, StackKind stack) {
  if (user.cs != kCodeSegment) return "it runs 32-bit code";
  if (std::string why = why_not_on_its_stack(pid, thread, user, mappings, stack); !why.empty())
    return why;
  if (!thread.in_system_call && in_restartable_sequence(pid, thread.tid, user.rip))
    return "it may be in a restartable sequence";
  uint64_t shadow_stack = 0;
  iovec where{&shadow_stack, sizeof shadow_stack};
  if (ptrace(PTRACE_GETREGSET, thread.tid, kShadowStackSet, &where) == 0)
    return "it has a shadow stack";
  DispatchConfiguration dispatch{};
  if (ptrace(kGetDispatch, thread.tid, sizeof dispatch, &dispatch) == 0 && dispatch.mode != 0)
    return "its system calls are dispatched to itself";
  if (status_field(thread.tid, "Seccomp") != "0")
    return "a seccomp filter watches its system calls";
  // The first process in a namespace is its init: the namespace would end with the helper.
  if (name_space(thread.tid, "pid") != name_space(thread.tid, "pid_for_children"))
    return "its children get a process id namespace of their own";
  return {};
}

BorrowedThread::BorrowedThread(pid_t pid, pid_t tid, const CodePieces& code)
    : pid_(pid), tid_(tid), code_(code), before_(registers_of(tid)) {
  if (ptrace(PTRACE_GETSIGMASK, tid, sizeof mask_, &mask_) != 0)
    throw Error("the signal mask of thread " + std::to_string(tid) + " cannot be read");
  vectors_ = vector_state(tid);
  way_ = way_back(before_, mask_, vectors_, code);
  stack_before_.resize(way_.bytes.size());
  if (!Memory(pid).read(way_.start, stack_before_.data(), stack_before_.size()) ||
      !write_memory(pid, way_.start, way_.bytes.data(), way_.bytes.size()))
    throw Error("there is no room on the stack of thread " + std::to_string(tid));
  if (ptrace(PTRACE_SETOPTIONS, tid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) != 0)
    throw Error("thread " + std::to_string(tid) + " cannot be borrowed: " + std::strerror(errno));
}

void BorrowedThread::leave_itself() {
  if (changed_) return;
  changed_ = true;
  // First the registers that lead home, then the mask that home sets right.
  user_regs_struct user = before_;
  user.rip = code_.call;
  user.rsp = way_.home;
  user.rax = SYS_getpid;
  user.orig_rax = ~uint64_t{0};
  set_registers(tid_, user);
  ptrace(PTRACE_SETSIGMASK, tid_, sizeof kAllSignals, &kAllSignals);
}

CallResult BorrowedThread::call(uint64_t stack_pointer, int64_t number,
                                const std::array<uint64_t, 5>& arguments) {
  leave_itself();
  const CallResult result = traced_call(tid_, code_.call, stack_pointer, number, arguments);
  stopped_ = stopped_ || result.stopped;
  return result;
}

void BorrowedThread::run(uint64_t start, uint64_t data, uint64_t marker, uint64_t stack) {
  leave_itself();
  ran_ = true;
  user_regs_struct user = before_;
  user.rip = start;
  user.rbx = data;
  user.rsp = stack & ~uint64_t{15};
  user.orig_rax = ~uint64_t{0};
  set_registers(tid_, user);
  // Threads that it makes are none of ours.
  ptrace(PTRACE_SETOPTIONS, tid_, 0, PTRACE_O_TRACESYSGOOD);
  ptrace(PTRACE_SETSIGMASK, tid_, sizeof kAllButThat, &kAllButThat);
  StopStatus stop;
  for (int stops_at_marker = 0; stops_at_marker < 2;) {
    resume(tid_, PTRACE_SYSCALL, stop.signal == kAllThreadsCall ? stop.signal : 0);
    stop = await_stop(tid_);
    if (stop.ended) throw Error("thread " + std::to_string(tid_) + " ended while it was borrowed");
    if (stop.signal == SIGSTOP) stopped_ = true;
    if (stop.signal == SIGSEGV || stop.signal == SIGILL || stop.signal == SIGBUS)
      throw Error("thread " + std::to_string(tid_) + " could not do what it was borrowed for");
    if (stop.at_call && registers_of(tid_).rip == marker) ++stops_at_marker;
  }
  ptrace(PTRACE_SETSIGMASK, tid_, sizeof kAllSignals, &kAllSignals);
}

// In a stop from which the kernel looks once more whether a call is to be made again.
void BorrowedThread::stand_as_before() {
  ptrace(PTRACE_INTERRUPT, tid_, 0, 0);
  for (;;) {
    resume(tid_, PTRACE_CONT);
    const StopStatus stop = await_stop(tid_);
    if (stop.ended) return;
    if (stop.signal == SIGSTOP) stopped_ = true;
    if (stop.event == PTRACE_EVENT_STOP) break;
  }
  ptrace(PTRACE_SETSIGMASK, tid_, sizeof mask_, &mask_);
  if (ran_) {
    iovec where{vectors_.data(), vectors_.size()};
    ptrace(PTRACE_SETREGSET, tid_, NT_X86_XSTATE, &where);
  }
  set_registers(tid_, before_);
}

BorrowedThread::~BorrowedThread() {
  try {
    if (changed_) stand_as_before();
    ptrace(PTRACE_SETOPTIONS, tid_, 0, 0);
    write_memory(pid_, way_.start, stack_before_.data(), stack_before_.size());
    if (stopped_) syscall(SYS_tgkill, pid_, tid_, SIGSTOP);
  } catch (const Error&) {
    // It is gone, or still on its way: then it finds home by itself when the tracer ends.
  }
}

}  // namespace track::process
