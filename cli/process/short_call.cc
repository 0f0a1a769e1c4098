#include "cli/process/short_call.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/model/error.h"
#include "cli/process/memory.h"
#include "cli/process/streams.h"
#include "cli/process/traced_call.h"

namespace track::process {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kLastPatience = std::chrono::milliseconds(100);
constexpr auto kNap = std::chrono::microseconds(50);

constexpr uint64_t kCodeSegment = 0x33;
constexpr uint64_t kCallBytes = 2;  // of the instruction `syscall`
constexpr uint64_t kMostPieces = IOV_MAX;
constexpr int kCallSignal = SIGTRAP | 0x80;

struct Whole {
  int64_t rest_by = 0;  // the call that can do any part of it
  uint64_t flags = 0;
  std::vector<Piece> pieces;
};

std::vector<Piece> pieces_at(pid_t pid, uint64_t array, uint64_t count) {
  std::vector<iovec> vectors(std::min(count, kMostPieces));
  if (!Memory(pid).read(array, vectors.data(), vectors.size() * sizeof(iovec))) return {};
  std::vector<Piece> pieces;
  for (const iovec& vector : vectors)
    pieces.push_back({reinterpret_cast<uint64_t>(vector.iov_base), vector.iov_len});
  return pieces;
}

std::vector<Piece> pieces_of_message(pid_t pid, uint64_t address) {
  msghdr message{};
  if (!Memory(pid).read(address, &message, sizeof message)) return {};
  return pieces_at(pid, reinterpret_cast<uint64_t>(message.msg_iov), message.msg_iovlen);
}

Whole whole_of(pid_t pid, const user_regs_struct& user) {
  switch (static_cast<int64_t>(user.orig_rax)) {
    case SYS_write:
      return {SYS_write, 0, {{user.rsi, user.rdx}}};
    case SYS_writev:
      return {SYS_write, 0, pieces_at(pid, user.rsi, user.rdx)};
    case SYS_sendto:
      return {SYS_sendto, user.r10, {{user.rsi, user.rdx}}};
    case SYS_sendmsg:
      return {SYS_sendto, user.rdx, pieces_of_message(pid, user.rsi)};
    case SYS_recvfrom:
      if ((user.r10 & MSG_WAITALL) == 0) break;
      return {SYS_recvfrom, user.r10, {{user.rsi, user.rdx}}};
    case SYS_recvmsg:
      if ((user.rdx & MSG_WAITALL) == 0) break;
      return {SYS_recvfrom, user.rdx, pieces_of_message(pid, user.rsi)};
    default:
      break;
  }
  return {};
}

// Without the bytes that were moved; the first one is last.
std::vector<Piece> rest_of(std::vector<Piece> pieces, uint64_t moved) {
  for (Piece& piece : pieces) {
    const uint64_t done = std::min(piece.bytes, moved);
    piece.address += done;
    piece.bytes -= done;
    moved -= done;
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.bytes == 0; });
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

bool made_by_syscall(pid_t pid, const user_regs_struct& user) {
  unsigned char code[kCallBytes] = {};
  return user.cs == kCodeSegment && Memory(pid).read(user.rip - kCallBytes, code, sizeof code) &&
         code[0] == 0x0f && code[1] == 0x05;
}

}  // namespace

std::optional<ShortCall> ShortCall::find(pid_t pid, pid_t tid, const user_regs_struct& user) {
  const auto moved = static_cast<int64_t>(user.rax);
  if (static_cast<int64_t>(user.orig_rax) < 0 || moved <= 0) return std::nullopt;
  Whole whole = whole_of(pid, user);
  ShortCall call(tid, user);
  for (const Piece& piece : whole.pieces) call.wanted_ += piece.bytes;
  call.moved_ = static_cast<uint64_t>(moved);
  if (call.moved_ >= call.wanted_) return std::nullopt;
  if ((whole.flags & MSG_DONTWAIT) != 0 || !is_blocking_stream(pid, user.rdi)) return std::nullopt;
  if (!made_by_syscall(pid, user)) return std::nullopt;
  call.number_ = whole.rest_by;
  call.flags_ = whole.flags;
  call.rest_ = rest_of(std::move(whole.pieces), call.moved_);
  return call;
}

void ShortCall::begin() {
  if (ptrace(PTRACE_SETOPTIONS, tid_, 0, PTRACE_O_TRACESYSGOOD) != 0)
    done_ = true;
  else
    next_piece();
}

void ShortCall::next_piece() {
  user_regs_struct user = before_;
  user.rip -= kCallBytes;
  user.rax = static_cast<uint64_t>(number_);
  user.orig_rax = ~uint64_t{0};  // no call that the kernel would make again
  user.rsi = rest_.back().address;
  user.rdx = rest_.back().bytes;
  if (number_ == SYS_sendto || number_ == SYS_recvfrom) {
    user.r10 = flags_;
    user.r8 = user.r9 = 0;
  }
  inside_ = false;
  set_registers(tid_, user);
  resume(tid_, PTRACE_SYSCALL);
}

void ShortCall::let_go(int signal) {
  user_regs_struct user = before_;
  user.rax = moved_;
  set_registers(tid_, user);
  done_ = true;
  ptrace(PTRACE_DETACH, tid_, 0, static_cast<long>(signal));
}

// At its entry, and at its end. True: the thread stands there still.
bool ShortCall::at_call() {
  if (!inside_) {
    inside_ = true;
    resume(tid_, PTRACE_SYSCALL);
    return false;
  }
  const auto result = static_cast<int64_t>(registers_of(tid_).rax);
  if (result <= 0) return true;
  const auto moved = std::min(static_cast<uint64_t>(result), rest_.back().bytes);
  moved_ += moved;
  const bool short_again = moved < rest_.back().bytes;
  rest_.pop_back();
  if (short_again || rest_.empty()) return true;
  next_piece();
  return false;
}

bool ShortCall::advance() {
  if (done_) return true;
  int status = 0;
  const pid_t got = waitpid(tid_, &status, __WALL | WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) return false;
  if (got < 0 || !WIFSTOPPED(status)) return done_ = true;
  const int event = status >> 16, signal = WSTOPSIG(status);
  if (event == 0 && signal == kCallSignal) {
    if (at_call()) let_go(0);
  } else {
    // A signal before the rest has begun: it cuts short what it would have cut short.
    let_go(event == 0 ? signal : 0);
  }
  return done_;
}

void ShortCall::give_up() {
  if (done_) return;
  gave_up_ = true;
  ptrace(PTRACE_INTERRUPT, tid_, 0, 0);
}

namespace {

// A thread that ends meanwhile has no use for its bytes.
bool advance(ShortCall& call) {
  try {
    return call.advance();
  } catch (const Error&) {
    return true;
  }
}

bool advance_all(std::vector<ShortCall>& calls, Clock::duration patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    bool all = true;
    for (ShortCall& call : calls) all = advance(call) && all;
    if (all || Clock::now() > deadline) return all;
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace

std::vector<pid_t> finish(std::vector<ShortCall> calls) {
  for (ShortCall& call : calls) {
    try {
      call.begin();
    } catch (const Error&) {
      // It is gone.
    }
  }
  if (!advance_all(calls, kPatience)) {
    for (ShortCall& call : calls) call.give_up();
    advance_all(calls, kLastPatience);
  }
  std::vector<pid_t> still_short;
  for (const ShortCall& call : calls)
    if (call.stayed_short()) still_short.push_back(call.tid());
  return still_short;
}

}  // namespace track::process
