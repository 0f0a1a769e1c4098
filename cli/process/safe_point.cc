#include "cli/process/safe_point.h"

#include <sys/syscall.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "cli/model/symbols.h"
#include "cli/process/call_target.h"
#include "cli/process/dynamic_section.h"
#include "cli/process/restart.h"
#include "cli/process/stacks.h"
#include "cli/process/system_calls.h"

namespace track::process {
namespace {

using std::string_view;

// All names without what comes before the word itself: see plain().

// Functions of libc in which a futex is waited for with no lock of libc's own: how they begin. In
// any other the futex may be one of those locks, and more of them be held already (setuid waits for
// all threads with the lock that pthread_create takes).
constexpr string_view kWaits[] = {"pthread_mutex_",
                                  "pthread_rwlock_",
                                  "pthread_cond_",
                                  "pthread_barrier_wait",
                                  "pthread_join",
                                  "pthread_timedjoin",
                                  "pthread_clockjoin",
                                  "pthread_once",
                                  "sem_wait",
                                  "sem_timedwait",
                                  "sem_clockwait",
                                  "call_once",
                                  "mtx_",
                                  "cnd_",
                                  "thrd_join",
                                  "syscall",
                                  "aio_suspend",
                                  "gai_suspend"};
// And those that may be in a call that goes on after it was broken off, which is told apart from a
// futex wait by them alone.
constexpr string_view kSleeps[] = {"nanosleep", "clock_nanosleep", "sleep",
                                   "usleep",    "thrd_sleep",      "poll"};
// Those that have such locks, or a process that is about to end or to become another: how they
// begin.
constexpr string_view kNever[] = {
    "malloc",         "calloc",     "realloc",  "memalign",       "aligned_alloc",
    "posix_memalign", "free",       "cfree",    "valloc",         "pvalloc",
    "mall",           "mtrace",     "dl",       "fork",           "vfork",
    "posix_spawn",    "spawni",     "clone",    "pthread_create", "thrd_create",
    "exit",           "quick_exit", "run_exit", "cxa_",           "setuid",
    "setgid",         "setreuid",   "setregid", "setresuid",      "setresgid",
    "setgroups",      "seteuid",    "setegid",  "initgroups",     "nptl_",
    "libc_freeres"};
// Through which libc calls the program, with none of its locks.
constexpr string_view kBelow[] = {"start_thread",
                                  "clone",
                                  "clone3",
                                  "libc_start_main",
                                  "libc_start_main_impl",
                                  "libc_start_call_main",
                                  "start",
                                  "qsort",
                                  "qsort_r",
                                  "bsearch",
                                  "makecontext",
                                  "start_context",
                                  "pthread_once",
                                  "pthread_once_slow",
                                  "call_once"};
constexpr string_view kAllocators[] = {"malloc",       "calloc",          "realloc",  "memalign",
                                       "operator new", "operator delete", "tcmalloc", "mimalloc"};

// libc calls its own functions by names with more before them.
string_view plain(string_view name) {
  for (const string_view prefix : {"__GI_", "_", "_", "_", "new_", "old_"})
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return name;
}

template <size_t N>
bool begins_like(string_view name, const string_view (&names)[N]) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](string_view one) { return plain(name).starts_with(one); });
}

template <size_t N>
bool is_one_of(string_view name, const string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), plain(name)) != std::end(names);
}

bool has_prefix(string_view path, string_view prefix) {
  return base_name(std::string(path)).starts_with(prefix);
}

std::string or_unknown(const std::string& name) {
  return name.empty() ? "a function of libc that has no name" : name;
}

enum class Home { program, libc, loader, allocator };

// Functions of libc, one called by the other; the innermost first. caller: the return address into
// the program; 0: none, it is libc's own start of a thread.
struct Run {
  std::vector<std::string> names;
  uint64_t caller = 0;
};

struct Verdict {
  int rank = 0;  // 0 = not at all; else the lower, the better
  bool in_libc = false;
  std::string why_not;
};

class Judge {
 public:
  Judge(const Trace& trace, const ProcessImage& image, const FunctionLookup& functions)
      : trace_(trace), image_(image), functions_(functions) {
    for (const ImageThread& thread : image.threads) seen_[thread.tid] = &thread;
  }

  Verdict judge(const Thread& thread) const {
    const auto seen = seen_.find(thread.tid);
    if (thread.kernel != KernelView::waiting || thread.running_at == 0 ||
        thread.running_at >= trace_.stacks.size() || seen == seen_.end())
      return refused("it is running");
    const ImageThread& now = *seen->second;
    const Restart restart = restart_of(trace_.pid, now);
    if (!restart.why_not.empty()) return refused(restart.why_not);
    const Stack& stack = trace_.stacks[thread.running_at];
    if (stack.truncated) return refused("its stack cannot be read to the end");
    Verdict verdict = walk(stack, now);
    if (verdict.why_not.empty()) verdict.rank = rank_of(now, restart);
    return verdict;
  }

 private:
  static Verdict refused(std::string why) { return {0, false, std::move(why)}; }

  static int rank_of(const ImageThread& now, const Restart& restart) {
    if (restart.limit_anew) return 4;
    const Wait wait = wait_of(now);
    if (wait.timed) return 2;
    return wait.kind == WaitKind::read || wait.kind == WaitKind::process ? 3 : 1;
  }

  static bool may_wait_there(const std::string& entry, const ImageThread& now) {
    if (entry.empty()) return false;
    if (wait_of(now).kind == WaitKind::futex) return begins_like(entry, kWaits);
    return now.system_call != SYS_restart_syscall || begins_like(entry, kWaits) ||
           begins_like(entry, kSleeps);
  }

  Verdict walk(const Stack& stack, const ImageThread& now) const {
    Verdict verdict;
    Run run;
    bool leaf = true;
    for (auto at = stack.addresses.begin(); at != stack.addresses.end(); ++at) {
      const uint64_t address = *at;
      const uint64_t call = address - 1;  // before the return address
      const std::string name = functions_(call);
      switch (home_of(call)) {
        case Home::loader:
          return refused("it is inside the dynamic loader");
        case Home::allocator:
          return refused("it is inside an allocator");
        case Home::libc:
          run.names.push_back(name);
          continue;
        case Home::program:
          break;
      }
      // The tracker's hooks call by a pointer, what the program called by its name.
      const auto caller = std::find_if(at, stack.addresses.end(),
                                       [&](uint64_t one) { return !is_tracker(one - 1); });
      run.caller = caller == stack.addresses.end() ? 0 : *caller;
      verdict.why_not = leaf && run.names.empty() ? std::string() : why_not_run(run, leaf, now);
      if (verdict.why_not.empty()) verdict.why_not = why_not_program(call, name, now);
      if (!verdict.why_not.empty()) return verdict;
      if (leaf) verdict.in_libc = !run.names.empty();
      leaf = false;
      run = {};
    }
    // What is left is libc's start of a thread or the program, or its own thread.
    if (leaf) {
      verdict.in_libc = true;
      verdict.why_not = why_not_run(run, true, now);
    }
    return verdict;
  }

  std::string why_not_run(const Run& run, bool leaf, const ImageThread& now) const {
    const std::string entry = entry_of(run);
    for (const std::string& name : run.names)
      if (begins_like(name, kNever) && !is_one_of(name, kBelow)) return "it is inside " + name;
    if (begins_like(entry, kNever) && !is_one_of(entry, kBelow)) return "it is inside " + entry;
    if (run.names.empty()) return {};
    if (!leaf)
      return is_one_of(entry, kBelow) ? std::string() : "it is inside " + or_unknown(entry);
    return may_wait_there(entry, now) ? std::string() : "it is in " + or_unknown(entry);
  }

  // What the program called: that may have jumped on to another, which has no name where libc has
  // no debug information.
  std::string entry_of(const Run& run) const {
    if (const uint64_t called = run.caller == 0 ? 0 : called_function(image_, run.caller);
        called != 0 && (home_of(called) == Home::libc || is_tracker(called)))
      if (std::string name = functions_(called); !name.empty()) return name;
    // The outermost, but for what starts a thread or the program.
    size_t count = run.names.size();
    while (run.caller == 0 && count > 1 && is_one_of(run.names[count - 1], kBelow)) --count;
    return count == 0 ? std::string() : run.names[count - 1];
  }

  std::string why_not_program(uint64_t address, const std::string& name,
                              const ImageThread& now) const {
    if (std::any_of(std::begin(kAllocators), std::end(kAllocators),
                    [&](string_view part) { return name.find(part) != std::string::npos; }))
      return "it is inside " + name;
    // An allocator waits for nothing but its own locks.
    const WaitKind kind = wait_of(now).kind;
    if (name.empty() && (kind == WaitKind::futex || kind == WaitKind::sleep) &&
        brings_malloc(address))
      return "it may be inside the allocator of a module without symbols";
    return {};
  }

  bool brings_malloc(uint64_t address) const {
    const Module* module = image_.module_of(address);
    return module != nullptr &&
           DynamicSection(*image_.memory, module->start, module->base).function("malloc") != 0;
  }

  bool is_tracker(uint64_t address) const {
    const Module* module = image_.module_of(address);
    return module != nullptr && has_prefix(module->path, "libtrack.so");
  }

  Home home_of(uint64_t address) const {
    for (const Module& module : trace_.modules) {
      if (address < module.start || address >= module.end) continue;
      for (const string_view libc : {"libc.so.6", "libc-2.", "libpthread", "librt"})
        if (has_prefix(module.path, libc)) return Home::libc;
      if (has_prefix(module.path, "ld-linux") || has_prefix(module.path, "ld-2."))
        return Home::loader;
      for (const string_view allocator : {"libjemalloc", "libtcmalloc", "libmimalloc"})
        if (has_prefix(module.path, allocator)) return Home::allocator;
      return Home::program;
    }
    return Home::program;
  }

  const Trace& trace_;
  const ProcessImage& image_;
  const FunctionLookup& functions_;
  std::unordered_map<pid_t, const ImageThread*> seen_;
};

}  // namespace

SafePoints find_safe_points(const Trace& trace, const ProcessImage& image,
                            const FunctionLookup& functions) {
  const Judge judge(trace, image, functions);
  std::vector<std::pair<int, SafePoint>> ranked;
  SafePoints result;
  for (const Thread& thread : trace.threads) {
    if (thread.tid == 0 || thread.state == TaskState::ended) continue;
    const Verdict verdict = judge.judge(thread);
    if (verdict.rank == 0) {
      result.why_not = "thread " + std::to_string(thread.tid) + ": " + verdict.why_not;
      continue;
    }
    ranked.push_back(
        {verdict.rank, {thread.tid, trace.stacks[thread.running_at].addresses, verdict.in_libc}});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [rank, point] : ranked) result.threads.push_back(std::move(point));
  return result;
}

bool still_there(const SafePoint& point, pid_t pid, Unwinder& unwinder) {
  ImageThread thread;
  thread.tid = point.tid;
  thread.main = point.tid == pid;
  Stack stack;
  return read_sleeping(pid, thread, unwinder, stack) && stack.addresses == point.addresses;
}

}  // namespace track::process
