#include "cli/process/injection.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/process/borrowed_thread.h"
#include "cli/process/code_pieces.h"
#include "cli/process/dynamic_section.h"
#include "cli/process/hold.h"
#include "cli/process/injected_code.h"
#include "cli/process/live_memory.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/memory.h"
#include "cli/process/permission.h"
#include "cli/process/proc.h"
#include "cli/process/registers.h"
#include "cli/process/restart.h"
#include "cli/process/urgency.h"

namespace track::process {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kStackBytes = 256 << 10;  // for pthread_create, with a loader that binds lazily
constexpr auto kStopPatience = std::chrono::milliseconds(200);
constexpr auto kCallPatience = std::chrono::seconds(20);
constexpr auto kNap = std::chrono::microseconds(200);
// What maps call it: "/memfd:track/libtrack.so (deleted)".
constexpr const char* kFileName = "track/libtrack.so";
static_assert(sizeof "track/libtrack.so" <= sizeof InjectedData::file_name);

// The functions of libc that the code calls; before 2.34 they were spread over three libraries.
class LibraryOfC {
 public:
  explicit LibraryOfC(pid_t pid) : pid_(pid), memory_(pid) {
    std::string other;  // musl's is linker and library in one
    for (Module& module : loaded_modules(mappings(pid), memory_)) {
      const std::string name = base_name(module.path);
      if (name.starts_with("ld-") || name == "libc.so") other = module.path;
      for (const char* part : {"libc.so.6", "libc-2.", "libpthread", "libdl"})
        if (name.starts_with(part)) modules_.push_back(module);
    }
    if (modules_.empty()) {
      require_memory();
      throw Error("process " + std::to_string(pid) + " has no glibc: it " +
                  (other.empty() ? "is statically linked" : "uses another libc (" + other + ")") +
                  "; without glibc libtrack.so cannot be loaded. `track ps`, `hang`, `leaks` and "
                  "`dump` work on it all the same");
    }
  }

  uint64_t function(const char* name) const {
    for (const Module& module : modules_)
      if (const uint64_t address =
              DynamicSection(memory_, module.start, module.base).function(name))
        return address;
    require_memory();
    throw Error(std::string("its libc exports no ") + name);
  }

 private:
  // Nothing is found in a process that ended meanwhile either.
  void require_memory() const {
    require_readable(pid_);
    if (mappings(pid_).empty()) throw Error("process " + std::to_string(pid_) + " is gone");
  }

  pid_t pid_;
  LiveMemory memory_;
  std::vector<Module> modules_;
};

InjectedData data_for(pid_t pid, const LibrarySource& library, const std::string& function,
                      const wire::AttachRequest& request) {
  InjectedData data{};
  if (library.path.size() >= sizeof data.path || function.size() >= sizeof data.symbol)
    throw Error("the path of the library is too long: " + library.path);
  const LibraryOfC libc(pid);
  data.pthread_create = libc.function("pthread_create");
  data.pthread_self = libc.function("pthread_self");
  data.pthread_detach = libc.function("pthread_detach");
  data.dlopen = libc.function("dlopen");
  data.dlsym = libc.function("dlsym");
  data.dlclose = libc.function("dlclose");
  data.dlerror = libc.function("dlerror");
  data.munmap = libc.function("munmap");
  data.errno_location = libc.function("__errno_location");
  data.nap[1] = 500'000;
  data.naps_left = 60'000;
  data.function = library.function;
  data.in_memory = library.path.empty() && library.function == 0;
  std::strcpy(data.file_name, kFileName);
  library.path.copy(data.path, library.path.size());
  function.copy(data.symbol, function.size());
  data.request = request;
  return data;
}

// One thread held by this tracer, let go at the end whatever happens.
class SeizedThread {
 public:
  SeizedThread(pid_t pid, pid_t tid) : tid_(tid) {
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0 && !(errno == EPERM && is_ours_already(tid)))
      throw Error("process " + std::to_string(pid) +
                  " may not be attached to: " + why_not_traceable(pid, errno));
  }
  ~SeizedThread() {
    if (ptrace(PTRACE_DETACH, tid_, 0, static_cast<long>(signal_)) == 0) return;
    // It was not stopped, or its stop has not come yet.
    if (interrupted_ && await()) ptrace(PTRACE_DETACH, tid_, 0, static_cast<long>(signal_));
  }
  SeizedThread(const SeizedThread&) = delete;
  SeizedThread& operator=(const SeizedThread&) = delete;

  // False: it ended, a signal came first, or it cannot be stopped now.
  bool stop() {
    interrupted_ = ptrace(PTRACE_INTERRUPT, tid_, 0, 0) == 0;
    return interrupted_ && await() && by_us_;
  }

 private:
  // Let go by an earlier attempt before it had got a processor to stop on: it is still held by us.
  static bool is_ours_already(pid_t tid) {
    const bool ours = status_field(tid, "TracerPid") == std::to_string(syscall(SYS_gettid));
    errno = EPERM;
    return ours;
  }

  bool await() {
    const auto deadline = Clock::now() + kStopPatience;
    int status = 0;
    pid_t got = 0;
    while ((got = waitpid(tid_, &status, __WALL | WNOHANG)) == 0) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    if (got != tid_ || !WIFSTOPPED(status)) return false;
    const bool our_stop = status >> 16 == PTRACE_EVENT_STOP;
    by_us_ = our_stop && WSTOPSIG(status) == SIGTRAP;
    if (!our_stop) signal_ = WSTOPSIG(status);
    return true;
  }

  pid_t tid_;
  int signal_ = 0;
  bool interrupted_ = false;
  bool by_us_ = false;
};

class Injection {
 public:
  Injection(pid_t pid, const LibrarySource& library, const std::string& function,
            const wire::AttachRequest& request)
      : pid_(pid), library_(library), data_(data_for(pid, library, function, request)) {}

  // Why this thread did not do; empty: it has made the helper.
  std::string try_thread(const SafePoint& point, Unwinder& unwinder) {
    const pid_t tid = point.tid;
    const std::string who = "thread " + std::to_string(tid) + ": ";
    const SystemCall before = system_call(pid_, tid);
    if (before.state != SystemCall::State::waiting) return who + "it does not sleep any more";
    if (stop_would_end(pid_, before)) return who + "its wait would end if it were disturbed";
    std::vector<std::byte> stack_before(2 * kPage);
    const LiveMemory memory(pid_);
    stack_before.resize(
        memory.read_some(before.stack_pointer, stack_before.data(), stack_before.size()));
    const auto maps = mappings(pid_);
    const CodePieces code = find_code_pieces(maps, memory);
    if (!code.found()) return who + "its code has no system call that can be borrowed";

    // Since it was judged it may have gone on, into a wait of libc's own that has a lock of libc's.
    if (!still_there(point, pid_, unwinder)) return who + "it went on";

    const Urgency urgency;
    SeizedThread seized(pid_, tid);
    const auto began = Clock::now();
    if (!seized.stop()) return who + "it could not be stopped";
    ImageThread thread;
    thread.tid = tid;
    thread.main = tid == pid_;
    user_regs_struct user{};
    if (!mend_broken_call(tid, user)) return who + "its registers cannot be read";
    apply_registers(user, thread);
    std::vector<std::byte> stack_now(stack_before.size());
    stack_now.resize(memory.read_some(user.rsp, stack_now.data(), stack_now.size()));
    if (user.rsp != before.stack_pointer || !thread.in_system_call ||
        user.rip != before.instruction_pointer)
      return who + "it went on";
    const Restart restart = restart_of(pid_, thread);
    if (!restart.why_not.empty()) return who + restart.why_not;
    copy_rest(restart.rest_at - user.rsp, stack_before, stack_now);
    if (stack_now != stack_before) return who + "it went on";
    const std::string why =
        why_not_borrowed(pid_, thread, user, maps, point.in_libc ? StackKind::any : StackKind::own);
    if (!why.empty()) return who + why;
    make_helper(tid, code);
    held_ns_ = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count());
    return {};
  }

  uint64_t held_ns() const { return held_ns_; }

  wire::AttachRequest await_helper() {
    const Memory memory(pid_);
    const auto deadline = Clock::now() + kCallPatience;
    InjectedData now{};
    for (;;) {
      if (!memory.read(data_at_, &now, sizeof now))
        throw Error("process " + std::to_string(pid_) + " ended meanwhile, or became another");
      if (now.state == HelperState::wants_bytes && !written_) give_bytes(now);
      if (now.state != HelperState::running && now.state != HelperState::wants_bytes) break;
      if (Clock::now() > deadline)
        throw Error("process " + std::to_string(pid_) +
                    ": the thread that loads libtrack.so did not come back; it goes on by itself");
      std::this_thread::sleep_for(kNap);
    }
    constexpr uint32_t kSeen = 1;
    write_memory(pid_, data_at_ + offsetof(InjectedData, seen), &kSeen, sizeof kSeen);
    await_end(now);
    now.message[sizeof now.message - 1] = 0;
    now.request.text[sizeof now.request.text - 1] = 0;
    if (now.state == HelperState::not_loaded) {
      const std::string why = now.message;
      throw Error("the process could not load it: " + why +
                  (why.find("static TLS") != std::string::npos
                       ? "; libraries that it loaded took the loader's reserve of thread-local "
                         "storage: start it with track run"
                       : ""));
    }
    if (now.state == HelperState::no_file)
      throw NoFileInMemory("process " + std::to_string(pid_) + " may have no file in memory: " +
                           std::strerror(static_cast<int>(-now.file)));
    if (now.state == HelperState::not_found)
      throw Error(std::string("that library is not the libtrack.so of this track: it has no ") +
                  data_.symbol);
    return now.request;
  }

 private:
  pid_t helper_of(const InjectedData& now) const {
    const auto number = static_cast<pid_t>(now.helper);
    return same_pid_namespace(pid_) ? number : threads_by_own_number(pid_)[number];
  }

  // The process is to find itself without it.
  void await_end(const InjectedData& now) const {
    const pid_t helper = helper_of(now);
    if (helper == 0) return;
    const auto deadline = Clock::now() + std::chrono::seconds(1);
    while (Clock::now() < deadline && task_status(pid_, helper).alive)
      std::this_thread::sleep_for(kNap);
  }

  // Into the descriptor that only the helper has.
  void give_bytes(const InjectedData& now) {
    written_ = true;
    const pid_t helper = helper_of(now);
    const std::string number = std::to_string(now.file);
    const std::string file =
        "/proc/" + std::to_string(pid_) + "/task/" + std::to_string(helper) + "/fd/" + number;
    const int there = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    bool done = there >= 0;
    for (size_t at = 0; done && at < library_.bytes.size();) {
      const ssize_t n = write(there, library_.bytes.data() + at, library_.bytes.size() - at);
      done = n > 0;
      at += done ? static_cast<size_t>(n) : 0;
    }
    const std::string why = std::strerror(errno);
    if (there >= 0) close(there);
    // As long as the name that it gets once it is loaded (libtrack/control/attach.cc).
    const std::string fixed = "/proc/thread-self/fd/";
    std::string path = fixed;
    while (path.size() + number.size() < sizeof "/memfd:track/libtrack.so" - 1)
      path.insert(fixed.size() - 1, "/");
    path += number;
    const uint32_t answer = done ? kBytesAreThere : kNoBytes;
    write_memory(pid_, data_at_ + offsetof(InjectedData, path), path.c_str(), path.size() + 1);
    write_memory(pid_, data_at_ + offsetof(InjectedData, bytes_there), &answer, sizeof answer);
    if (done) return;
    await_end(now);
    throw NoFileInMemory("the library cannot be written into the process's memory (" + file +
                         "): " + why);
  }

  // What the kernel has just written there tells nothing of the thread.
  static void copy_rest(uint64_t at, std::vector<std::byte>& from, std::vector<std::byte>& to) {
    for (uint64_t i = at; i - at < kRestBytes; ++i)
      if (i < from.size() && i < to.size()) to[i] = from[i];
  }

  void make_helper(pid_t tid, const CodePieces& pieces) {
    BorrowedThread thread(pid_, tid, pieces);
    const uint64_t home = thread.way().home;
    std::vector<int32_t> numbers = library_.thread_numbers;
    numbers.push_back(0);
    const uint64_t list_bytes = numbers.size() > 1 ? numbers.size() * sizeof numbers[0] : 0;
    // Code, data, the list; the stack is the last.
    const uint64_t room = 2 * kPage + ((list_bytes + kPage - 1) & ~(kPage - 1)) + kStackBytes;
    const int64_t pages =
        thread
            .call(home, SYS_mmap,
                  {0, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~uint64_t{0}})
            .value;
    if (pages < 0) throw Error("the process has no memory left for a stack of 256 KiB");
    const auto code_at = static_cast<uint64_t>(pages);
    const auto give_back = [&] { thread.call(home, SYS_munmap, {code_at, room, 0, 0, 0}); };
    data_at_ = code_at + kPage;
    data_.home = home;
    data_.pages = code_at;
    data_.bytes = room;
    if (list_bytes != 0) data_.request.thread_numbers = code_at + 2 * kPage;
    const InjectedCode code = injected_code();
    if (!write_memory(pid_, code_at, code.bytes.data(), code.bytes.size()) ||
        !write_memory(pid_, data_at_, &data_, sizeof data_) ||
        (list_bytes != 0 && !write_memory(pid_, code_at + 2 * kPage, numbers.data(), list_bytes)) ||
        thread.call(home, SYS_mprotect, {code_at, kPage, PROT_READ | PROT_EXEC, 0, 0}).value != 0) {
      give_back();
      throw Error("the process may not run code in memory of its own (a security policy)");
    }
    thread.run(code_at + code.start, data_at_, code_at + code.marker, code_at + room);
    int64_t created = -1;
    Memory(pid_).read(data_at_ + offsetof(InjectedData, created), &created, sizeof created);
    if (created == 0) return;
    give_back();
    throw Error("the process can make no thread: " +
                std::string(std::strerror(static_cast<int>(created))));
  }

  pid_t pid_;
  const LibrarySource& library_;
  InjectedData data_;
  bool written_ = false;
  uint64_t data_at_ = 0;
  uint64_t held_ns_ = 0;
};

}  // namespace

void require_loader(pid_t pid) {
  LibraryOfC{pid};
}

InjectionResult inject(pid_t pid, const ProcessImage& image, const std::vector<SafePoint>& threads,
                       const LibrarySource& library, const std::string& function,
                       const wire::AttachRequest& request) {
  Injection injection(pid, library, function, request);
  Unwinder unwinder(image);
  std::string why;
  for (const SafePoint& point : threads) {
    const std::string problem = injection.try_thread(point, unwinder);
    if (!problem.empty()) {
      why += (why.empty() ? "" : "; ") + problem;
      continue;
    }
    InjectionResult result;
    result.borrowed = point.tid;
    result.held_ns = injection.held_ns();
    result.request = injection.await_helper();
    return result;
  }
  throw NoThread("no thread of process " + std::to_string(pid) + " could be borrowed: " + why);
}

}  // namespace track::process
