// One ring a CPU: the events of every thread on that CPU write into it. Events of one thread are
// inherited by the threads that it creates, which the kernel allows only of events that are bound
// to a CPU; so there is one for each thread and each CPU.
#include "cli/process/perf_events.h"

#include <linux/perf_event.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kRingPages = 128;  // 512 KiB and one page: what any user may lock on each CPU
constexpr size_t kFewestRingPages = 16;
constexpr uint32_t kStackBytes = 32 << 10;

// The kernel's bits of registers, and where they go in ours.
constexpr struct {
  unsigned bit;
  Registers::Number number;
} kRegisters[] = {{0, Registers::rax},  {1, Registers::rbx},  {2, Registers::rcx},
                  {3, Registers::rdx},  {4, Registers::rsi},  {5, Registers::rdi},
                  {6, Registers::rbp},  {7, Registers::rsp},  {8, Registers::rip},
                  {16, Registers::r8},  {17, Registers::r9},  {18, Registers::r10},
                  {19, Registers::r11}, {20, Registers::r12}, {21, Registers::r13},
                  {22, Registers::r14}, {23, Registers::r15}};

uint64_t register_mask() {
  uint64_t mask = 0;
  for (const auto& [bit, number] : kRegisters) mask |= uint64_t{1} << bit;
  return mask;
}

perf_event_attr attributes(uint64_t period_ns, bool system_time, bool threads_only) {
  perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_TASK_CLOCK;
  attr.sample_period = period_ns;
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  attr.sample_regs_user = register_mask();
  attr.sample_stack_user = kStackBytes;
  attr.inherit = 1;
  attr.inherit_thread = threads_only;
  attr.exclude_kernel = !system_time;
  attr.exclude_hv = 1;
  attr.exclude_callchain_kernel = 1;
  attr.watermark = 1;
  attr.wakeup_watermark = kFewestRingPages * kPage / 2;
  return attr;
}

int open_event(perf_event_attr& attr, pid_t tid, int cpu) {
  return static_cast<int>(syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

[[noreturn]] void refuse(pid_t pid, int error) {
  const std::string process = "the CPU time of process " + std::to_string(pid);
  if (error == ESRCH) throw Error("there is no process " + std::to_string(pid));
  std::string why = std::strerror(error);
  if (error == EACCES || error == EPERM) {
    std::string paranoid;
    std::ifstream("/proc/sys/kernel/perf_event_paranoid") >> paranoid;
    why = "perf_event_open is not permitted (kernel.perf_event_paranoid is " +
          (paranoid.empty() ? "unknown" : paranoid) +
          "; it takes 2 or less, or CAP_PERFMON, and a container's filter may forbid it)";
  } else if (error == ENOSYS || error == ENOENT || error == EOPNOTSUPP) {
    why = "the kernel has no perf events";
  }
  throw Error(process + " cannot be sampled from outside: " + why +
              "; inside it can: track run --cpu 99hz -- CMD");
}

void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct Ring {
  int fd = -1;
  char* base = nullptr;
  size_t bytes = 0;  // of data
  perf_event_mmap_page& page() const { return *reinterpret_cast<perf_event_mmap_page*>(base); }
};

}  // namespace

struct PerfEvents::State {
  pid_t pid = 0;
  bool system_time = true;
  uint64_t lost = 0, refused = 0;
  std::vector<int> events;
  std::vector<Ring> rings;
  std::vector<std::byte> record;

  ~State() {
    for (const Ring& ring : rings)
      if (ring.base != nullptr) munmap(ring.base, ring.bytes + kPage);
    for (const int fd : events) close(fd);
  }

  bool map(Ring& ring) {
    for (size_t pages = kRingPages; pages >= kFewestRingPages; pages /= 2) {
      void* base =
          mmap(nullptr, (pages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
      if (base == MAP_FAILED) continue;
      ring.base = static_cast<char*>(base);
      ring.bytes = pages * kPage;
      return true;
    }
    return false;
  }

  // False with errno: the first event of this thread could not be had.
  bool add(perf_event_attr& attr, pid_t tid) {
    const int cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
    rings.resize(static_cast<size_t>(cpus));
    bool any = false;
    for (int cpu = 0; cpu < cpus; ++cpu) {
      const int fd = open_event(attr, tid, cpu);
      if (fd < 0 && errno == ENODEV) continue;  // this CPU is off
      if (fd < 0) return any;
      events.push_back(fd);
      Ring& ring = rings[static_cast<size_t>(cpu)];
      if (ring.base == nullptr) {
        ring.fd = fd;
        if (!map(ring)) return false;
      } else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring.fd) != 0) {
        return any;
      }
      any = true;
    }
    return any;
  }

  void take(const char* body, size_t bytes, const std::function<void(const PerfSample&)>& use) {
    const auto word = [&](size_t at) {
      uint64_t value = 0;
      std::memcpy(&value, body + at, sizeof value);
      return value;
    };
    constexpr size_t kHead = 16, kValues = std::size(kRegisters) * 8;
    if (bytes < kHead) return;
    PerfSample sample;
    std::memcpy(&sample.pid, body, 4);
    std::memcpy(&sample.tid, body + 4, 4);
    // Nothing of the program's own: it is on its way out.
    if (sample.pid != pid || word(8) == PERF_SAMPLE_REGS_ABI_NONE || bytes < kHead + kValues + 8)
      return;
    size_t at = kHead;
    for (const auto& [bit, number] : kRegisters) {
      sample.registers[number] = word(at);
      at += 8;
    }
    sample.registers.whole = true;
    const uint64_t room = word(at);
    at += 8;
    if (room > bytes - at || bytes - at - room < 8) return;
    const uint64_t copied = room == 0 ? 0 : std::min(room, word(at + room));
    sample.stack = {reinterpret_cast<const std::byte*>(body + at), copied};
    use(sample);
  }

  void drain(Ring& ring, const std::function<void(const PerfSample&)>& use) {
    const uint64_t head = __atomic_load_n(&ring.page().data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = ring.page().data_tail;
    const char* data = ring.base + kPage;
    const auto copy = [&](uint64_t from, void* to, size_t bytes) {
      const size_t start = from % ring.bytes, first = std::min(bytes, ring.bytes - start);
      std::memcpy(to, data + start, first);
      std::memcpy(static_cast<char*>(to) + first, data, bytes - first);
    };
    while (head - tail >= sizeof(perf_event_header)) {
      perf_event_header header;
      copy(tail, &header, sizeof header);
      if (header.size < sizeof header || header.size > head - tail) break;
      const size_t bytes = header.size - sizeof header;
      record.resize(bytes);
      copy(tail + sizeof header, record.data(), bytes);
      const char* body = reinterpret_cast<const char*>(record.data());
      if (header.type == PERF_RECORD_SAMPLE) take(body, bytes, use);
      if (header.type == PERF_RECORD_LOST && bytes >= 16) {
        uint64_t count = 0;
        std::memcpy(&count, body + 8, sizeof count);
        lost += count;
      }
      tail += header.size;
    }
    __atomic_store_n(&ring.page().data_tail, tail, __ATOMIC_RELEASE);
  }
};

PerfEvents::PerfEvents(pid_t pid, uint64_t period_ns) : state_(std::make_unique<State>()) {
  allow_many_descriptors();
  state_->pid = pid;
  bool threads_only = true;
  perf_event_attr attr = attributes(period_ns, true, threads_only);
  const auto probe = [&] {
    const int fd = open_event(attr, pid, -1);
    if (fd >= 0) close(fd);
    return fd >= 0 ? 0 : errno;
  };
  int error = probe();
  if (error == EINVAL) {  // before Linux 5.13: child processes are told apart by their ids
    threads_only = false;
    attr = attributes(period_ns, true, threads_only);
    error = probe();
  }
  if (error == EACCES || error == EPERM) {
    state_->system_time = false;
    attr = attributes(period_ns, false, threads_only);
    error = probe();
  }
  if (error != 0) refuse(pid, error);
  bool any = false;
  for (const pid_t tid : thread_ids(pid)) {
    if (state_->add(attr, tid))
      any = true;
    else if (errno != ESRCH)
      ++state_->refused;
    if (!any && errno != ESRCH) refuse(pid, errno);
  }
  if (!any) throw Error("process " + std::to_string(pid) + " ended while it was looked at");
}

PerfEvents::~PerfEvents() = default;

void PerfEvents::read(int timeout_ms, const std::function<void(const PerfSample&)>& use) {
  std::vector<pollfd> waiting;
  for (const Ring& ring : state_->rings)
    if (ring.base != nullptr) waiting.push_back({ring.fd, POLLIN, 0});
  poll(waiting.data(), waiting.size(), timeout_ms);
  // An event whose thread has ended says so for ever: not a busy loop.
  if (!waiting.empty() && std::all_of(waiting.begin(), waiting.end(),
                                      [](const pollfd& fd) { return (fd.revents & POLLHUP) != 0; }))
    usleep(static_cast<useconds_t>(timeout_ms) * 1000);
  for (Ring& ring : state_->rings)
    if (ring.base != nullptr) state_->drain(ring, use);
}

bool PerfEvents::system_time() const {
  return state_->system_time;
}
uint64_t PerfEvents::lost() const {
  return state_->lost;
}
uint64_t PerfEvents::refused() const {
  return state_->refused;
}

}  // namespace track::process
