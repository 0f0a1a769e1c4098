#include "cli/process/safe_point.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/model/symbols.h"
#include "cli/process/stacks.h"

namespace track::process {
namespace {

using std::string_view;

// Calls of libc that sleep without a lock of libc's: by how welcome it is to be disturbed there.
constexpr string_view kIdle[] = {"poll",
                                 "ppoll",
                                 "select",
                                 "pselect",
                                 "epoll_wait",
                                 "epoll_pwait",
                                 "accept",
                                 "accept4",
                                 "sigwait",
                                 "sigwaitinfo",
                                 "sigsuspend",
                                 "sigtimedwait",
                                 "pause",
                                 "pthread_join",
                                 "pthread_clockjoin_np",
                                 "pthread_timedjoin_np",
                                 "pthread_cond_wait",
                                 "sem_wait"};
constexpr string_view kTimed[] = {
    "nanosleep",     "clock_nanosleep",        "sleep",
    "usleep",        "pthread_cond_timedwait", "pthread_cond_clockwait",
    "sem_timedwait", "sem_clockwait",          "epoll_pwait2"};
constexpr string_view kBusy[] = {
    "read",          "readv",     "recv",         "recvfrom",   "recvmsg",
    "recvmmsg",      "write",     "writev",       "send",       "sendto",
    "sendmsg",       "connect",   "wait",         "wait4",      "waitpid",
    "waitid",        "msgrcv",    "semop",        "semtimedop", "pthread_barrier_wait",
    "flock",         "syscall",   "io_getevents", "thrd_join",  "cnd_wait",
    "cnd_timedwait", "thrd_sleep"};
// In which somebody else's lock is waited for: whose, cannot be told.
constexpr string_view kLocks[] = {"pthread_mutex_lock", "pthread_rwlock_rdlock",
                                  "pthread_rwlock_wrlock", "mtx_lock"};
// Through which libc calls the program.
constexpr string_view kBelow[] = {
    "start_thread", "clone",   "clone3",  "__libc_start_main", "__libc_start_call_main", "_start",
    "qsort",        "qsort_r", "bsearch", "makecontext",       "__start_context"};
constexpr string_view kAllocators[] = {"malloc",       "calloc",          "realloc",  "memalign",
                                       "operator new", "operator delete", "tcmalloc", "mimalloc"};

template <size_t N>
bool is_one_of(string_view name, const string_view (&names)[N]) {
  // libc calls its own functions by names with underscores.
  const string_view plain = name.starts_with("__") ? name.substr(2) : name;
  return std::any_of(std::begin(names), std::end(names),
                     [&](string_view one) { return one == name || one == plain; });
}

bool has_prefix(string_view path, string_view prefix) {
  return base_name(std::string(path)).starts_with(prefix);
}

enum class Home { program, libc, loader, allocator };

class Judge {
 public:
  Judge(const Trace& trace, const FunctionLookup& functions)
      : trace_(trace), functions_(functions) {}

  // 0 = not at all; else the lower, the better.
  int rank(const Thread& thread, std::string& why_not) const {
    if (thread.kernel != KernelView::waiting || thread.running_at == 0 ||
        thread.running_at >= trace_.stacks.size()) {
      why_not = "it is running";
      return 0;
    }
    const Stack& stack = trace_.stacks[thread.running_at];
    if (stack.truncated) {
      why_not = "its stack cannot be read to the end";
      return 0;
    }
    int rank = 0;
    std::string entry;  // the outermost of the frames of libc seen last
    bool in_libc = false, leaf = true;
    const auto leave_libc = [&] {
      if (!in_libc) return true;
      in_libc = false;
      if (leaf) {
        leaf = false;
        rank = rank_of(entry);
        if (rank == 0) why_not = "it is in " + (entry.empty() ? "a function of libc" : entry);
        return rank != 0;
      }
      if (is_one_of(entry, kBelow)) return true;
      why_not = "it is inside " + (entry.empty() ? "a function of libc" : entry);
      return false;
    };
    for (const uint64_t address : stack.addresses) {
      // Of the call before the return address.
      const std::string name = functions_(address - 1);
      switch (home_of(address - 1)) {
        case Home::loader:
          why_not = "it is inside the dynamic loader";
          return 0;
        case Home::allocator:
          why_not = "it is inside an allocator";
          return 0;
        case Home::libc:
          in_libc = true;
          entry = name;
          continue;
        case Home::program:
          break;
      }
      if (!leave_libc()) return 0;
      if (std::any_of(std::begin(kAllocators), std::end(kAllocators),
                      [&](string_view part) { return name.find(part) != std::string::npos; })) {
        why_not = "it is inside " + name;
        return 0;
      }
      if (leaf) {
        why_not = "it waits by a system call of its own";
        return 0;
      }
    }
    // What is left is libc's start of a thread or the program; but a wait must have been seen.
    if (leaf && !leave_libc()) return 0;
    return rank;
  }

 private:
  static int rank_of(const std::string& name) {
    if (is_one_of(name, kIdle)) return 1;
    if (is_one_of(name, kTimed)) return 2;
    if (is_one_of(name, kBusy)) return 3;
    return is_one_of(name, kLocks) ? 4 : 0;
  }

  Home home_of(uint64_t address) const {
    for (const Module& module : trace_.modules) {
      if (address < module.start || address >= module.end) continue;
      if (has_prefix(module.path, "libc.so.6") || has_prefix(module.path, "libpthread"))
        return Home::libc;
      if (has_prefix(module.path, "ld-linux")) return Home::loader;
      for (const string_view allocator : {"libjemalloc", "libtcmalloc", "libmimalloc"})
        if (has_prefix(module.path, allocator)) return Home::allocator;
      return Home::program;
    }
    return Home::program;
  }

  const Trace& trace_;
  const FunctionLookup& functions_;
};

}  // namespace

SafePoints find_safe_points(const Trace& trace, const FunctionLookup& functions) {
  const Judge judge(trace, functions);
  std::vector<std::pair<int, const Thread*>> ranked;
  SafePoints result;
  for (const Thread& thread : trace.threads) {
    if (thread.tid == 0 || thread.state == TaskState::ended) continue;
    std::string why_not;
    if (const int rank = judge.rank(thread, why_not); rank != 0)
      ranked.emplace_back(rank, &thread);
    else
      result.why_not = "thread " + std::to_string(thread.tid) + ": " + why_not;
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [rank, thread] : ranked)
    result.threads.push_back({thread->tid, trace.stacks[thread->running_at].addresses});
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
