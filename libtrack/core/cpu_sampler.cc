// A timer belongs to the slot of its thread. Who takes its number out of the slot deletes it: the
// thread at its end, or the one that moves all timers to another signal.
#include "libtrack/core/cpu_sampler.h"

#include <signal.h>
#include <time.h>
#include <ucontext.h>

#include "libtrack/core/await_walk.h"
#include "libtrack/core/cpu_signal.h"
#include "libtrack/core/key_counts.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/wire/cpu.h"
#include "libtrack/wire/option_limits.h"

namespace track::core {

std::atomic<int> cpu_signal_number{0};
std::atomic<int> cpu_signal_going{0};

namespace {

using wire::CpuHead;
using wire::CpuSample;
using wire::CpuState;
using wire::SectionKind;

constexpr uint64_t kSecond = 1000000000;
// The kernel looks at CPU timers at its ticks, 100 a second at least, and fewer on a virtual
// machine that does not always run: so much may be due at once of a thread that ran all the time.
constexpr uint64_t kLongestTickNs = kSecond / 10;

struct alignas(64) CpuThread {
  std::atomic<int32_t> timer;  // its number + 1; 0 = none
  uint64_t* frames;            // room for kThreadRoom words: the interrupted stack may be small
};
constexpr uint32_t kFrameRoom = kMaxFrames + 1 + kMostAwaiters + 1;
constexpr uint32_t kThreadRoom = kFrameRoom + kAwaitScratch;

CpuThread* cpu_threads;  // one a thread slot; null: never sampled
CpuHead* head;
CpuSample* samples;
uint64_t sample_count;
uint64_t period_ns;
std::atomic<bool> sampled{false};  // since this process began
std::atomic<bool> moving{false};
std::atomic<uint64_t> tried{0};  // signals that the target wants
uint64_t expected_at_once;       // periods between two ticks at the most

CpuThread& cpu_thread_of(const wire::ThreadSlot* slot) {
  return cpu_threads[slot - recording.threads];
}

// What our timers' signals come with, which tells them from others: the thread's entry here.
CpuThread* sampled_thread(const siginfo_t& info) {
  auto* thread = static_cast<CpuThread*>(info.si_value.sival_ptr);
  const auto capacity = section_capacity<wire::ThreadSlot>(SectionKind::threads);
  const auto offset = reinterpret_cast<uint64_t>(thread) - reinterpret_cast<uint64_t>(cpu_threads);
  const bool ours = info.si_code == SI_TIMER && cpu_threads != nullptr &&
                    offset < capacity * sizeof(CpuThread) && offset % sizeof(CpuThread) == 0;
  return ours ? thread : nullptr;
}

uint32_t stack_reference(const InterruptedStack& stack) {
  // Interning goes on where a handler interrupted it only as far as it must not wait for itself.
  const uint32_t writing = this_thread.writing_stack;
  this_thread.writing_stack = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const uint64_t hash = hash_frames(stack.frames, stack.depth, stack_salt());
  const uint32_t reference = intern_stack(hash, stack.frames, stack.depth, stack.truncated);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  this_thread.writing_stack = writing;
  return reference;
}

struct Interrupted {
  uint32_t stack = 0, created = 0;  // as in wire/cpu.h
};

// The interrupted instruction itself is the innermost frame, as an address plus one: readers look
// before return addresses.
Interrupted interrupted_stack(const ucontext_t& context, const CpuThread& own) {
  const greg_t* r = context.uc_mcontext.gregs;
  const Registers registers{static_cast<uint64_t>(r[REG_RIP]), static_cast<uint64_t>(r[REG_RSP]),
                            static_cast<uint64_t>(r[REG_RBP]), static_cast<uint64_t>(r[REG_RBX])};
  const uint64_t high = stack_high_of(registers.sp);
  const Captured captured = capture_whole(own.frames, registers, high, 0);
  own.frames[captured.depth] = registers.pc + 1;
  static_assert(REG_R8 == 0 && REG_RCX == 14);
  InterruptedStack stack{
      own.frames,        captured.depth + 1, reinterpret_cast<const uint64_t*>(r),
      REG_RCX + 1,       registers.sp,       high,
      captured.truncated};
  const uint32_t created = follow_awaiters(stack, own.frames + kFrameRoom);
  return {stack_reference(stack), created};
}

bool count_sample(uint64_t key, uint64_t n) {
  return add_to_key(samples + wire::kCpuHeadEntries, sample_count - wire::kCpuHeadEntries, key, n);
}

void take_sample(const ucontext_t& context, const CpuThread& own, uint64_t due) {
  // More than ticks explain: the signal was blocked meanwhile, and where is not known.
  uint64_t n = due;
  if (due > expected_at_once) {
    n = 1;
    count(head->unseen, due - 1);
  }
  sampled.store(true, std::memory_order_relaxed);
  // A thread that was found, and has not called a hook so far, does not know its slot yet.
  const wire::ThreadSlot& slot =
      this_thread.slot != nullptr ? *this_thread.slot : recording.threads[&own - cpu_threads];
  // Inside the tracker new stacks cannot be kept: what keeps them is what was interrupted.
  const bool inside = this_thread.busy != 0;
  Interrupted seen;
  if (!inside && own.frames != nullptr) seen = interrupted_stack(context, own);
  const bool on_fiber = this_thread.fiber != 0;
  if (on_fiber && seen.created == 0)
    seen.created = recording.fibers[this_thread.fiber - 1].created_stack;
  if ((!inside && seen.stack == 0) ||
      !count_sample(wire::cpu_key(seen.stack, on_fiber, seen.created), n))
    count(head->lost, n);
  push_event({sys::ticks(), seen.created, slot.task, seen.stack, 0, wire::EventKind::cpu_sample,
              on_fiber, 0});
}

// Every signal is blocked here, so it does not nest. It enters the kernel only to reserve room.
void on_cpu_signal(int number, void* information, void* context) {
  const auto* info = static_cast<const siginfo_t*>(information);
  const CpuThread* thread = sampled_thread(*info);
  if (thread == nullptr) return deliver_by_default(number, information);
  if (!recording_on() || !recording_is_ours() || this_thread.gone) return;
  const int overrun = info->si_overrun;
  take_sample(*static_cast<const ucontext_t*>(context), *thread,
              1 + static_cast<uint64_t>(overrun > 0 ? overrun : 0));
}

// A running thread's clock of CPU time, by its kernel id: CLOCK_THREAD_CPUTIME_ID for anyone.
clockid_t cpu_clock_of(int32_t tid) {
  return static_cast<clockid_t>(~static_cast<uint32_t>(tid) << 3 | 6);
}

bool make_timer(CpuThread& thread, int32_t tid, int number) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = number;
  event.sigev_value.sival_ptr = &thread;
  event._sigev_un._tid = tid;
  int32_t timer = 0;
  if (sys::call(SYS_timer_create, cpu_clock_of(tid), sys::as_long(&event), sys::as_long(&timer)) !=
      0)
    return false;
  const timespec period{static_cast<time_t>(period_ns / kSecond),
                        static_cast<long>(period_ns % kSecond)};
  const itimerspec times{period, period};
  if (sys::call(SYS_timer_settime, timer, 0, sys::as_long(&times), 0) != 0) {
    sys::call(SYS_timer_delete, timer);
    return false;
  }
  const int32_t before = thread.timer.exchange(timer + 1, std::memory_order_acq_rel);
  if (before != 0) sys::call(SYS_timer_delete, before - 1);
  return true;
}

void delete_timer(CpuThread& thread) {
  const int32_t timer = thread.timer.exchange(0, std::memory_order_acq_rel);
  if (timer != 0) sys::call(SYS_timer_delete, timer - 1);
}

template <class Use>
void each_slot(Use use) {
  const uint64_t used = entries_used<wire::ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) use(recording.threads[i], cpu_threads[i]);
}

constexpr int kMostAttempts = 10000;

bool begin_moving() {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (!moving.exchange(true, std::memory_order_acquire)) return true;
    sys::call(SYS_sched_yield);
  }
  return false;  // a handler of the target's interrupted who moves, and wants a signal as well
}

// All timers off, and the signal as nobody's.
void drop_signal(CpuState state) {
  cpu_signal_going.store(cpu_signal_number.load(std::memory_order_relaxed),
                         std::memory_order_release);
  const int number = cpu_signal_number.exchange(0, std::memory_order_acq_rel);
  head->state.store(state, std::memory_order_release);
  head->signal.store(0, std::memory_order_relaxed);
  each_slot([](wire::ThreadSlot&, CpuThread& thread) { delete_timer(thread); });
  if (number != 0 && signal_is_ours(number, on_cpu_signal)) give_signal_back(number);
  cpu_signal_going.store(0, std::memory_order_release);
}

// Not for ever: who drops it may be the one that a handler of the target's has interrupted.
void await_signal_gone() {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (cpu_signal_going.load(std::memory_order_acquire) == 0) return;
    sys::call(SYS_sched_yield);
  }
}

void use_signal(int number) {
  head->signal.store(static_cast<uint32_t>(number), std::memory_order_relaxed);
  head->state.store(CpuState::sampling, std::memory_order_release);
  cpu_signal_number.store(number, std::memory_order_release);
}

}  // namespace

namespace {

bool has_frames(CpuThread& thread) {
  if (thread.frames == nullptr)
    thread.frames = static_cast<uint64_t*>(allocate(kThreadRoom * sizeof(uint64_t)));
  return thread.frames != nullptr;
}

// False: nothing is to be sampled, or there is no room.
bool prepare_tables() {
  if (options.cpu == 0 || !options.record) return false;
  if (cpu_threads == nullptr) {
    head = section_start<CpuHead>(SectionKind::cpu_samples);
    samples = section_start<CpuSample>(SectionKind::cpu_samples);
    sample_count = section_capacity<CpuSample>(SectionKind::cpu_samples);
  }
  if (sample_count <= wire::kCpuHeadEntries || !reserve(head, sizeof *head)) return false;
  if (cpu_threads == nullptr)
    cpu_threads = static_cast<CpuThread*>(
        allocate(section_capacity<wire::ThreadSlot>(SectionKind::threads) * sizeof(CpuThread)));
  if (cpu_threads == nullptr) return false;
  period_ns =
      kSecond / (options.cpu < wire::kMostSamplesASecond ? options.cpu : wire::kMostSamplesASecond);
  expected_at_once = kLongestTickNs / period_ns + 2;
  head->period_ns = static_cast<uint32_t>(period_ns);
  section_used(SectionKind::cpu_samples).store(sample_count, std::memory_order_relaxed);
  return true;
}

void begin_timer(CpuThread& thread, int32_t tid, int number) {
  if (!has_frames(thread) || !make_timer(thread, tid, number))
    head->refused.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void start_cpu_sampling() {
  if (!prepare_tables()) return;
  const int number = take_unused_signal(on_cpu_signal, blocked_signals(), 0);
  if (number == 0) return head->state.store(CpuState::no_signal, std::memory_order_release);
  use_signal(number);
}

void start_cpu_sampling_late(uint64_t blocked) {
  if (!prepare_tables() || !begin_moving()) return;
  // What `track` saw of the mask is older than our hold of signalfd: in between it may have
  // changed.
  const int number = take_unused_signal(on_cpu_signal, blocked_by_main_thread(blocked),
                                        tried.load(std::memory_order_relaxed));
  if (number == 0) {
    head->state.store(CpuState::no_signal, std::memory_order_release);
  } else {
    use_signal(number);
    each_slot([&](wire::ThreadSlot& slot, CpuThread& thread) {
      const int32_t tid = slot.tid.load(std::memory_order_acquire);
      if (slot.state.load(std::memory_order_acquire) != wire::ThreadState::running || tid <= 0)
        return;
      begin_timer(thread, tid, number);
      if (slot.state.load(std::memory_order_acquire) != wire::ThreadState::running)
        delete_timer(thread);
    });
  }
  moving.store(false, std::memory_order_release);
}

void begin_cpu_timer() {
  const int number = cpu_signal_number.load(std::memory_order_acquire);
  if (number == 0 || this_thread.slot == nullptr) return;
  if (!signal_is_ours(number, on_cpu_signal)) return drop_signal(CpuState::taken);
  CpuThread& thread = cpu_thread_of(this_thread.slot);
  begin_timer(thread, this_thread.tid, number);
  // Whoever moved the timers meanwhile may have passed this slot by.
  const int now = cpu_signal_number.load(std::memory_order_acquire);
  if (now == number) return;
  delete_timer(thread);
  if (now != 0) make_timer(thread, this_thread.tid, now);
}

void end_cpu_timer() {
  if (this_thread.slot != nullptr) delete_timer(cpu_thread_of(this_thread.slot));
}

PausedCpuTimer pause_cpu_timer() {
  PausedCpuTimer paused;
  const int number = cpu_signal_number.load(std::memory_order_acquire);
  if (number == 0) await_signal_gone();
  // One that was there before the attach may be sampled, and call its first hook here.
  if (number == 0 || current_slot() == nullptr || this_thread.gone || !recording_is_ours())
    return paused;
  const int32_t timer = cpu_thread_of(this_thread.slot).timer.load(std::memory_order_relaxed) - 1;
  const itimerspec never{};
  itimerspec left{};
  if (timer < 0 ||
      sys::call(SYS_timer_settime, timer, 0, sys::as_long(&never), sys::as_long(&left)) != 0) {
    await_signal_gone();
    return paused;
  }
  paused.timer = timer;
  paused.left_ns = static_cast<uint64_t>(left.it_value.tv_sec) * kSecond +
                   static_cast<uint64_t>(left.it_value.tv_nsec);
  const uint64_t bit = uint64_t{1} << (number - 1);
  siginfo_t info;
  const timespec at_once{};
  if (sys::call(SYS_rt_sigtimedwait, sys::as_long(&bit), sys::as_long(&info),
                sys::as_long(&at_once), 8) != number)
    return paused;
  if (sampled_thread(info) != nullptr)
    count(head->unseen);
  else
    sys::call(SYS_rt_tgsigqueueinfo, sys::pid(), sys::tid(), number, sys::as_long(&info));
  return paused;
}

void resume_cpu_timer(const PausedCpuTimer& paused) {
  if (paused.timer < 0) return;
  const uint64_t left = paused.left_ns != 0 ? paused.left_ns : 1;
  const itimerspec times{{0, static_cast<long>(period_ns % kSecond)},
                         {0, static_cast<long>(left % kSecond)}};
  sys::call(SYS_timer_settime, paused.timer, 0, sys::as_long(&times), 0);
}

void leave_cpu_signals(uint64_t wanted) {
  if ((wanted & cpu_signal_bit()) == 0 || !recording_is_ours() || !begin_moving()) return;
  if ((wanted & cpu_signal_bit()) != 0) {
    BusyScope busy;
    drop_signal(CpuState::no_signal);
    const int other =
        take_unused_signal(on_cpu_signal, blocked_signals(),
                           tried.fetch_or(wanted, std::memory_order_relaxed) | wanted);
    if (other != 0) {
      use_signal(other);
      each_slot([&](wire::ThreadSlot& slot, CpuThread& thread) {
        const int32_t tid = slot.tid.load(std::memory_order_acquire);
        if (slot.state.load(std::memory_order_acquire) != wire::ThreadState::running) return;
        if (make_timer(thread, tid, other) &&
            slot.state.load(std::memory_order_acquire) != wire::ThreadState::running)
          delete_timer(thread);
      });
    }
  }
  moving.store(false, std::memory_order_release);
}

void stop_cpu_sampling(CpuState state) {
  if (!cpu_sampling() || !recording_is_ours() || !begin_moving()) return;
  drop_signal(state);
  moving.store(false, std::memory_order_release);
}

bool cpu_sampled() {
  return sampled.load(std::memory_order_relaxed);
}

void restart_cpu_sampling_after_fork() {
  if (cpu_threads == nullptr) return;
  moving.store(false, std::memory_order_relaxed);
  sampled.store(false, std::memory_order_relaxed);
  each_slot([](wire::ThreadSlot&, CpuThread& thread) {
    thread.timer.store(0, std::memory_order_relaxed);
  });
  // The table was left behind with the parent.
  const int number = cpu_signal_number.load(std::memory_order_relaxed);
  if (!reserve(head, sizeof *head)) {
    cpu_signal_number.store(0, std::memory_order_relaxed);
    return;
  }
  head->period_ns = static_cast<uint32_t>(period_ns);
  if (number == 0) return head->state.store(CpuState::no_signal, std::memory_order_release);
  use_signal(number);
  begin_cpu_timer();
}

}  // namespace track::core
