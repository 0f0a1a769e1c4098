#include "cli/process/way_back.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <cstring>

namespace track::process {
namespace {

constexpr uint64_t kRedZone = 128;
constexpr uint64_t kAllSignals = ~uint64_t{0};
constexpr uint16_t kCode = 0x33, kStack = 0x2b;  // segments of 64-bit programs
constexpr int kNoStackMode = 0x7777;             // refused: the alternate stack stays what it is
constexpr int kNoProcess = 0x7fffffff;

// The kernel's, not glibc's: the same fields, and a mask of 8 bytes at the end.
struct Context {
  uint64_t flags = 7;  // vector state present, stack segment present and exact
  uint64_t link = 0;
  uint64_t stack_start = 0;
  int32_t stack_mode = kNoStackMode;
  uint32_t padding = 0;
  uint64_t stack_bytes = 0;
  uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
  uint64_t rdi = 0, rsi = 0, rbp = 0, rbx = 0, rdx = 0, rax = 0, rcx = 0, rsp = 0, rip = 0;
  uint64_t eflags = 0;
  uint16_t cs = kCode, gs = 0, fs = 0, ss = kStack;
  uint64_t error = 0, trap = 0, old_mask = 0, cr2 = 0;
  uint64_t vector_state = 0;  // 0: all registers as at a program's start
  uint64_t reserved[8] = {};
  uint64_t mask = kAllSignals;
};
static_assert(sizeof(Context) == 304);
static_assert(offsetof(Context, rdi) - offsetof(Context, r8) == REG_RDI * 8);
static_assert(offsetof(Context, rip) - offsetof(Context, r8) == REG_RIP * 8);

struct Frame {
  uint64_t back = 0;  // where `ret` goes
  Context context;
};

// What the kernel looks for around the vector state of a signal frame.
constexpr uint32_t kMagic1 = 0x46505853, kMagic2 = 0x46505845;
constexpr size_t kSoftwareBytes = 464, kLegacyBytes = 512 + 64;

std::vector<std::byte> as_in_a_frame(std::span<const std::byte> state) {
  std::vector<std::byte> result(state.begin(), state.end());
  if (result.size() < kLegacyBytes) return result;
  const auto bytes = static_cast<uint32_t>(result.size());
  const uint32_t size_and_trailer = bytes + sizeof kMagic2;
  std::byte* software = result.data() + kSoftwareBytes;
  uint64_t features;
  std::memcpy(&features, software, sizeof features);  // ptrace leaves them here
  std::memcpy(software, &kMagic1, 4);
  std::memcpy(software + 4, &size_and_trailer, 4);
  std::memcpy(software + 8, &features, 8);
  std::memcpy(software + 16, &bytes, 4);
  result.resize(size_and_trailer);
  std::memcpy(result.data() + bytes, &kMagic2, 4);
  return result;
}

Context home_context(const user_regs_struct& user, uint64_t mask) {
  Context c;
  c.r8 = user.r8, c.r9 = user.r9, c.r10 = user.r10, c.r11 = user.r11;
  c.r12 = user.r12, c.r13 = user.r13, c.r14 = user.r14, c.r15 = user.r15;
  c.rdi = user.rdi, c.rsi = user.rsi, c.rbp = user.rbp, c.rbx = user.rbx;
  c.rdx = user.rdx, c.rax = user.rax, c.rcx = user.rcx, c.rsp = user.rsp;
  c.rip = user.rip, c.eflags = user.eflags;
  c.mask = mask;
  const auto result = static_cast<int64_t>(user.rax);
  if (static_cast<int64_t>(user.orig_rax) >= 0 && result >= -516 && result <= -512) {
    c.rax = user.orig_rax;
    c.rip -= 2;
  }
  return c;
}

}  // namespace

WayBack way_back(const user_regs_struct& user, uint64_t mask,
                 std::span<const std::byte> vector_state, const CodePieces& code) {
  const std::vector<std::byte> state = as_in_a_frame(vector_state);
  WayBack way;
  const uint64_t high = (user.rsp - kRedZone) & ~uint64_t{63};
  const uint64_t state_at = (high - state.size()) & ~uint64_t{63};
  const auto below = [](uint64_t at) { return (at - sizeof(Frame)) & ~uint64_t{15}; };
  way.home = below(state_at);
  way.wait = below(way.home);
  way.leave = below(way.wait);
  way.start = way.leave;
  way.scratch = way.leave + offsetof(Frame, context) + offsetof(Context, reserved);
  way.waited_for = way.wait + offsetof(Frame, context) + offsetof(Context, rdi);

  Frame home{code.back, home_context(user, mask)}, wait{code.back, {}}, leave{code.back, {}};
  home.context.vector_state = state.empty() ? 0 : state_at;
  wait.context.rip = leave.context.rip = code.call;
  wait.context.rax = SYS_wait4;
  wait.context.rdi = kNoProcess;
  wait.context.rdx = __WALL;
  wait.context.rsp = way.home;
  leave.context.rax = SYS_exit_group;
  leave.context.rsp = way.leave;

  way.bytes.resize(high - way.start);
  const auto put = [&](uint64_t at, const void* from, size_t bytes) {
    std::memcpy(way.bytes.data() + (at - way.start), from, bytes);
  };
  put(way.home, &home, sizeof home);
  put(way.wait, &wait, sizeof wait);
  put(way.leave, &leave, sizeof leave);
  if (!state.empty()) put(state_at, state.data(), state.size());
  return way;
}

}  // namespace track::process
