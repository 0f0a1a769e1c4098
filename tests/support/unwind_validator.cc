// unwind_validator: LD_PRELOAD it in front of any program to hold our unwinder against libunwind.
//   TRACK_VALIDATE_EVERY=N     at every Nth malloc of each thread, capture() and unwind() (1)
//   TRACK_VALIDATE_PROF=1      also at random instructions, by SIGPROF every millisecond
//   TRACK_VALIDATE_LOG=FILE    where each process appends its counts at exit (stderr)
// Not for production: it takes SIGPROF and links nothing of ours but the unwinder.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libunwind.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>

#include "libtrack/core/replay.h"
#include "libtrack/core/unwind.h"

#define PUBLIC extern "C" __attribute__((visibility("default")))

extern "C" void* __libc_malloc(size_t);

namespace {

using namespace track::core;

decltype(&unw_backtrace) g_backtrace;
decltype(&unw_init_local2) g_init;
decltype(&unw_step) g_step;
decltype(&unw_get_reg) g_get_reg;
bool g_on;
unsigned g_every = 1;

struct Counts {
  std::atomic<uint64_t> captures, frames, reused, truncated, wrong_replay, unlike, shorter, longer;
};
Counts g_mallocs, g_samples;
std::atomic<unsigned> g_told;

thread_local bool t_inside;
thread_local unsigned t_countdown;
thread_local Replay* t_replay;
thread_local uint64_t t_low, t_high;

void tell(const char* text, size_t size) {
  const char* const path = getenv("TRACK_VALIDATE_LOG");
  const int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : 2;
  (void)!write(file, text, size);
  if (path) close(file);
}

void prepare_thread() {
  void* const memory =
      mmap(nullptr, sizeof(Replay), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  t_replay = static_cast<Replay*>(memory);
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* low = nullptr;
  size_t size = 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  t_low = reinterpret_cast<uint64_t>(low);
  t_high = t_low + size;
}

uint64_t stack_high(uint64_t sp) {
  return sp >= t_low && sp < t_high ? t_high : 0;
}

void compare(Counts& counts, const uint64_t* ours, unsigned n, bool truncated, void* const* theirs,
             unsigned m) {
  counts.captures.fetch_add(1, std::memory_order_relaxed);
  counts.frames.fetch_add(n, std::memory_order_relaxed);
  counts.truncated.fetch_add(truncated, std::memory_order_relaxed);
  unsigned same = 0;
  while (same < n && same < m && ours[same] == reinterpret_cast<uint64_t>(theirs[same])) ++same;
  if ((same == n && same == m) || same >= kMaxFrames - 2) return;
  counts.unlike.fetch_add(1, std::memory_order_relaxed);
  if (same == n) counts.shorter.fetch_add(1, std::memory_order_relaxed);
  if (same == m) counts.longer.fetch_add(1, std::memory_order_relaxed);
  if (g_told.fetch_add(1) >= 5) return;
  Dl_info info{};
  const uint64_t last = same ? ours[same - 1] : n ? ours[0] : 0;
  dladdr(reinterpret_cast<void*>(last), &info);
  char text[400];
  const int size = snprintf(
      text, sizeof(text),
      "[unwind] %d: frame %u differs: ours %lx of %u%s, libunwind %lx of %u; before: %s+%lx %s\n",
      getpid(), same, same < n ? ours[same] : 0, n, truncated ? " (truncated)" : "",
      same < m ? reinterpret_cast<uint64_t>(theirs[same]) : 0, m,
      info.dli_fname ? info.dli_fname : "?", last - reinterpret_cast<uint64_t>(info.dli_fbase),
      info.dli_sname ? info.dli_sname : "");
  tell(text, static_cast<size_t>(size));
}

[[gnu::noinline]] void at_malloc() {
  if (t_replay == nullptr) prepare_thread();
  Registers regs;
  TRACK_GET_REGISTERS(regs);
  const uint64_t high = stack_high(regs.sp);
  uint64_t ours[kMaxFrames];
  void* theirs[kMaxFrames];
  bool truncated = false;
  const unsigned n = unwind(regs, high, ours, kMaxFrames, &truncated);
  const Captured c = capture(*t_replay, regs, high, 0);
  bool wrong = c.depth != n || c.truncated != truncated;
  for (unsigned i = 0; i < n && !wrong; ++i) wrong = c.frames_outermost_first[n - 1 - i] != ours[i];
  wrong = wrong || c.hash != hash_frames(c.frames_outermost_first, c.depth, stack_salt());
  g_mallocs.wrong_replay.fetch_add(wrong, std::memory_order_relaxed);
  g_mallocs.reused.fetch_add(c.depth - c.changed, std::memory_order_relaxed);
  const int m = g_backtrace(theirs, kMaxFrames);
  compare(g_mallocs, ours, n, truncated, theirs + 1, static_cast<unsigned>(m > 0 ? m - 1 : 0));
}

void at_signal(int, siginfo_t*, void* context) {
  if (t_inside || !g_on) return;
  const int saved_errno = errno;
  t_inside = true;
  const auto* const u = static_cast<const ucontext_t*>(context);
  const auto& r = u->uc_mcontext.gregs;
  const Registers regs{static_cast<uint64_t>(r[REG_RIP]), static_cast<uint64_t>(r[REG_RSP]),
                       static_cast<uint64_t>(r[REG_RBP]), static_cast<uint64_t>(r[REG_RBX])};
  uint64_t ours[kMaxFrames];
  void* theirs[kMaxFrames];
  bool truncated = false;
  const unsigned n = unwind(regs, stack_high(regs.sp), ours, kMaxFrames, &truncated);
  unw_context_t start = *u;
  unw_cursor_t cursor;
  g_init(&cursor, &start, UNW_INIT_SIGNAL_FRAME);
  unsigned m = 0;
  while (m < kMaxFrames && g_step(&cursor) > 0) {
    unw_word_t pc = 0;
    g_get_reg(&cursor, UNW_REG_IP, &pc);
    if (pc == 0) break;
    theirs[m++] = reinterpret_cast<void*>(pc);
  }
  compare(g_samples, ours, n, truncated, theirs, m);
  t_inside = false;
  errno = saved_errno;
}

void report(const char* what, const Counts& c) {
  const uint64_t captures = c.captures.load();
  if (captures == 0) return;
  char text[400];
  const int size = snprintf(
      text, sizeof(text),
      "[unwind] %d %s: %s: %lu, mean depth %.1f, reused %.1f, truncated %lu | replay wrong %lu | "
      "unlike libunwind %lu (ours shorter %lu, longer %lu)\n",
      getpid(), program_invocation_short_name, what, captures,
      static_cast<double>(c.frames.load()) / static_cast<double>(captures),
      static_cast<double>(c.reused.load()) / static_cast<double>(captures), c.truncated.load(),
      c.wrong_replay.load(), c.unlike.load(), c.shorter.load(), c.longer.load());
  tell(text, static_cast<size_t>(size));
}

template <class Function>
bool find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

__attribute__((constructor)) void begin() {
  t_inside = true;
  if (const char* const every = getenv("TRACK_VALIDATE_EVERY")) {
    g_every = static_cast<unsigned>(atoi(every));
  }
  void* const libunwind = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  g_on = libunwind && find(libunwind, "unw_backtrace", &g_backtrace) &&
         find(libunwind, "_ULx86_64_init_local2", &g_init) &&
         find(libunwind, "_ULx86_64_step", &g_step) &&
         find(libunwind, "_ULx86_64_get_reg", &g_get_reg);
  if (!g_on) tell("[unwind] no libunwind.so.8\n", 27);
  if (g_on && getenv("TRACK_VALIDATE_PROF")) {
    prepare_thread();
    struct sigaction action {};
    action.sa_sigaction = at_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    const itimerval every_ms{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &every_ms, nullptr);
  }
  t_inside = false;
}

__attribute__((destructor)) void finish() {
  const itimerval never{};
  if (getenv("TRACK_VALIDATE_PROF")) setitimer(ITIMER_PROF, &never, nullptr);
  g_on = false;
  report("mallocs", g_mallocs);
  report("samples", g_samples);
}

}  // namespace

PUBLIC void* malloc(size_t size) {
  if (g_on && !t_inside && g_every != 0) {
    t_inside = true;
    if (t_countdown++ % g_every == 0) at_malloc();
    t_inside = false;
  }
  return __libc_malloc(size);
}

PUBLIC int dlclose(void* handle) {
  static int (*real)(void*);
  if (real == nullptr) find(RTLD_NEXT, "dlclose", &real);
  const int result = real(handle);
  unwind_modules_changed();
  return result;
}
