#define UNW_LOCAL_ONLY
#include "tests/support/unwind_oracle.h"

#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>

#include <algorithm>

namespace track::test {
namespace {

unsigned callers(unw_cursor_t* cursor, uint64_t* out, unsigned max) {
  unsigned count = 0;
  while (count < max && unw_step(cursor) > 0) {
    unw_word_t pc = 0;
    unw_get_reg(cursor, UNW_REG_IP, &pc);
    if (pc == 0) break;
    out[count++] = pc;
  }
  return count;
}

}  // namespace

uint64_t own_stack_high() {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* low = nullptr;
  size_t size = 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<uint64_t>(low) + size;
}

unsigned libunwind_walk(const ucontext_t& context, uint64_t* out, unsigned max) {
  unw_context_t start = context;
  unw_cursor_t cursor;
  unw_init_local2(&cursor, &start, UNW_INIT_SIGNAL_FRAME);
  return callers(&cursor, out, max);
}

core::Registers registers_from(const ucontext_t& context) {
  const auto& r = context.uc_mcontext.gregs;
  return {static_cast<uint64_t>(r[REG_RIP]), static_cast<uint64_t>(r[REG_RSP]),
          static_cast<uint64_t>(r[REG_RBP]), static_cast<uint64_t>(r[REG_RBX])};
}

void StackCheck::here() {
  ++checks;
  core::Registers regs;
  TRACK_GET_REGISTERS(regs);
  uint64_t plain[core::kMaxFrames], whole[core::kMaxFrames];
  const unsigned count = core::unwind(regs, stack_high, plain, core::kMaxFrames, &truncated);
  const core::Captured replayed = core::capture(*replay, regs, stack_high, 0);
  const core::Captured again = core::capture_whole(whole, regs, stack_high, 0);
  stack.assign(plain, plain + count);
  hash = replayed.hash;
  changed = replayed.changed;

  unw_context_t start;
  unw_cursor_t cursor;
  unw_getcontext(&start);
  unw_init_local(&cursor, &start);
  uint64_t theirs[core::kMaxFrames];
  const unsigned their_count = callers(&cursor, theirs, core::kMaxFrames);
  const std::vector<uint64_t> expected(theirs, theirs + their_count);

  std::string found;
  if (stack != expected)
    found +=
        "unwind() differs from libunwind: " + hex_list(stack) + " is not " + hex_list(expected);
  const std::vector<uint64_t> outermost_first(stack.rbegin(), stack.rend());
  for (const core::Captured* c : {&replayed, &again}) {
    const char* const name = c == &replayed ? "capture()" : "capture_whole()";
    if (!std::equal(outermost_first.begin(), outermost_first.end(), c->frames_outermost_first,
                    c->frames_outermost_first + c->depth)) {
      found += std::string(name) + " differs from unwind(); ";
    }
    const uint64_t right = core::hash_frames(outermost_first.data(), count, core::stack_salt());
    if (c->hash != right) found += std::string(name) + " has another hash; ";
    if (c->truncated != truncated) found += std::string(name) + " differs in truncated; ";
    if (c->changed > c->depth) found += std::string(name) + " says more changed than there is; ";
  }
  if (problem.empty() && !found.empty()) problem = "check " + std::to_string(checks) + ": " + found;
}

std::string hex_list(const std::vector<uint64_t>& addresses) {
  std::string text;
  for (const uint64_t address : addresses) {
    char one[32];
    snprintf(one, sizeof(one), "%s%lx", text.empty() ? "" : " ",
             static_cast<unsigned long>(address));
    text += one;
  }
  return "[" + text + "]";
}

}  // namespace track::test
