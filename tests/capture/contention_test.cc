// Who waited, and who is charged for it. Nothing here depends on how long anything takes.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "libtrack/capture/births.h"
#include "libtrack/capture/handoffs.h"
#include "libtrack/capture/locks.h"
#include "libtrack/core/sys.h"
#include "tests/support/open_recording.h"
#include "tests/support/real_functions.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;
using test::real_functions;
using wire::ContentionRole;
using wire::ContentionSlot;
using wire::WaitKind;

namespace {

__attribute__((noinline)) int lock(pthread_mutex_t& m) {
  return capture::locked_plain(&m) ? 0 : capture::mutex_lock(&m, real_functions());
}
__attribute__((noinline)) int unlock(pthread_mutex_t& m) {
  return capture::unlocked_plain(&m) ? 0 : capture::mutex_unlock(&m, real_functions());
}
// Two places that cannot be taken for each other.
__attribute__((noinline)) void unlock_here(pthread_mutex_t& m) {
  unlock(m);
  asm volatile("");
}
__attribute__((noinline)) void unlock_there(pthread_mutex_t& m) {
  unlock(m);
  asm volatile("nop");
}

bool start() {
  if (!test::start_recording()) return false;
  capture::start_locks(test::libcs_locks());
  return true;
}
void wait_until_blocked(const std::atomic<const wire::ThreadSlot*>& slot) {
  test::WaitCopy wait;
  while (slot.load() == nullptr || !test::read_wait(slot.load()->wait, wait) ||
         wait.kind == WaitKind::none)
    std::this_thread::yield();
}

struct Sum {
  uint64_t entries = 0, count = 0, ticks = 0;
};
Sum sum(ContentionRole role, const void* object, bool unseen) {
  const test::RecordingView view(core::recording.path);
  const auto* slots = view.entries<ContentionSlot>(wire::SectionKind::contention);
  Sum all;
  for (uint64_t i = 0; i < view.used(wire::SectionKind::contention); ++i) {
    const uint64_t identity = slots[i].identity.load();
    if (wire::contention_role(identity) != role ||
        wire::contention_object(identity) != reinterpret_cast<uint64_t>(object) ||
        (slots[i].stack == 0) != unseen || slots[i].ticks == 0)
      continue;
    ++all.entries;
    all.count += slots[i].count;
    all.ticks += slots[i].ticks;
  }
  return all;
}

// Threads that are blocked in lock(m) when this returns.
class Waiters {
 public:
  Waiters(pthread_mutex_t& m, int count, void (*release)(pthread_mutex_t&)) : slots_(8) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, &m, release] {
        slots_[i] = core::current_slot();
        lock(m);
        release(m);
      });
      wait_until_blocked(slots_[i]);
    }
    // Published before libc sleeps: the lock word says when one really waits.
    while (__atomic_load_n(&m.__data.__lock, __ATOMIC_RELAXED) != 2) std::this_thread::yield();
  }
  void join() {
    for (auto& thread : threads_) thread.join();
  }

 private:
  std::vector<std::atomic<const wire::ThreadSlot*>> slots_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("Waiting times the waiters is charged to who let the lock go") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          lock(mutex);
          const uint64_t before = __builtin_ia32_rdtsc();
          Waiters five(mutex, 5, unlock_there);
          const uint64_t blocked = __builtin_ia32_rdtsc();
          constexpr uint64_t kLong = 50'000'000;  // ticks: five times of it are charged to us
          while (__builtin_ia32_rdtsc() - blocked < kLong) continue;
          unlock_here(mutex);
          five.join();
          const uint64_t whole = __builtin_ia32_rdtsc() - before;
          const Sum waited = sum(ContentionRole::waiter, &mutex, false);
          const Sum charged = sum(ContentionRole::holder, &mutex, false);
          const Sum unseen = sum(ContentionRole::holder, &mutex, true);
          TRACK_EXPECT(waited.count == 5 && waited.ticks >= 5 * kLong);
          TRACK_EXPECT(waited.ticks <= 5 * whole);
          TRACK_EXPECT(charged.ticks >= 5 * kLong && charged.entries >= 1);
          // All of it, and nothing twice.
          TRACK_EXPECT(charged.ticks + unseen.ticks == waited.ticks);
          return 0;
        }) == 0);
}

TEST_CASE("A waiter that is counted only after an unlock is charged for all of its time, once") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          const auto object = reinterpret_cast<uint64_t>(&mutex);
          constexpr auto kMutex = WaitKind::mutex;
          for (const bool once_more : {false, true}) {
            const Sum charged_before = sum(ContentionRole::holder, &mutex, false);
            const Sum unseen_before = sum(ContentionRole::holder, &mutex, true);
            const uint64_t since = __builtin_ia32_rdtsc();
            const auto early = capture::enter_waiters(object, since);
            capture::note_unlock(&mutex, kMutex, 5);
            // Began to wait before the unlock, and came to be counted after it.
            const auto late = capture::enter_waiters(object, since);
            if (once_more) capture::note_unlock(&mutex, kMutex, 6);
            const uint64_t now = __builtin_ia32_rdtsc();
            capture::leave_waiters(early, kMutex, object, since, now);
            capture::leave_waiters(late, kMutex, object, since, now);
            const uint64_t charged =
                sum(ContentionRole::holder, &mutex, false).ticks - charged_before.ticks;
            const uint64_t unseen =
                sum(ContentionRole::holder, &mutex, true).ticks - unseen_before.ticks;
            TRACK_EXPECT(charged + unseen == 2 * (now - since));
          }
          return 0;
        }) == 0);
}

TEST_CASE("Of two holders each is charged for its own time") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          for (int round = 0; round < 20; ++round) {
            lock(mutex);
            Waiters two(mutex, 2, unlock_there);
            unlock_here(mutex);
            two.join();
          }
          const Sum waited = sum(ContentionRole::waiter, &mutex, false);
          const Sum charged = sum(ContentionRole::holder, &mutex, false);
          const Sum unseen = sum(ContentionRole::holder, &mutex, true);
          TRACK_EXPECT(waited.count == 40);
          TRACK_EXPECT(charged.entries >= 1 && charged.count >= 40);
          TRACK_EXPECT(charged.ticks + unseen.ticks == waited.ticks);
          return 0;
        }) == 0);
}

TEST_CASE("Four threads at one lock: what waiting cost and what is charged are the same sum") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          constexpr int kEach = test::kSanitized ? 2000 : 20000;
          std::vector<std::thread> threads;
          for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
              for (int i = 0; i < kEach; ++i) {
                lock(mutex);
                if (i % 64 == 0) sched_yield();
                unlock(mutex);
              }
            });
          for (auto& thread : threads) thread.join();
          const Sum waited = sum(ContentionRole::waiter, &mutex, false);
          const Sum charged = sum(ContentionRole::holder, &mutex, false);
          const Sum unseen = sum(ContentionRole::holder, &mutex, true);
          // Counters of two processors may be a few ticks apart.
          const uint64_t both = charged.ticks + unseen.ticks;
          const uint64_t apart = both > waited.ticks ? both - waited.ticks : waited.ticks - both;
          TRACK_EXPECT(apart <= waited.ticks / 100 + 10000);
          TRACK_EXPECT(mutex.__data.__lock == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Who wakes is charged with the whole wait; who is woken by nobody charges nobody") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          int condition = 0;
          capture::OpenWait open;
          core::Registers registers;
          TRACK_GET_REGISTERS(registers);
          capture::WaitRequest request{WaitKind::condition, 0, &condition};
          capture::begin_wait(open, request, registers);
          capture::end_wait(open);
          TRACK_EXPECT(sum(ContentionRole::holder, &condition, false).entries == 0);
          capture::OpenWait again;
          capture::begin_wait(again, request, registers);
          capture::note_wake(&condition, registers);
          capture::end_wait(again);
          const Sum waited = sum(ContentionRole::waiter, &condition, false);
          const Sum charged = sum(ContentionRole::holder, &condition, false);
          TRACK_EXPECT(waited.count == 2 && charged.count == 1);
          TRACK_EXPECT(charged.ticks < waited.ticks);
          return 0;
        }) == 0);
}

namespace {

// Done by a thread of its own; that thread's task.
template <class Act>
uint32_t by_another(Act act) {
  uint32_t task = 0;
  std::thread([&] {
    core::current_slot();
    task = core::this_thread.task;
    act();
  }).join();
  return task;
}

}  // namespace

TEST_CASE("Who ended a wait is named only where nobody else can have done it") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          int condition = 0;
          const auto object = reinterpret_cast<uint64_t>(&condition);
          const auto wake = [&] { capture::note_wake(&condition, uint32_t{1}); };
          const auto woken_by = [&](uint64_t since) {
            return capture::charge_waker(WaitKind::condition, object, since, sys::ticks());
          };
          const uint64_t first = sys::ticks();
          const uint32_t one = by_another(wake);
          TRACK_EXPECT(one > 1 && woken_by(first) == one);
          const uint64_t second = sys::ticks();
          TRACK_EXPECT(woken_by(second) == 0);  // nobody since then
          const uint32_t two = by_another(wake);
          TRACK_EXPECT(two != one && woken_by(second) == two);
          TRACK_EXPECT(woken_by(first) == 0);  // either of them
          return 0;
        }) == 0);
}

TEST_CASE("A mutex was let go by its last holder; a reader-writer lock by any of several") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          int lock = 0;
          const auto object = reinterpret_cast<uint64_t>(&lock);
          for (const WaitKind kind : {WaitKind::mutex, WaitKind::rwlock_write}) {
            const auto unlock = [&] { capture::note_unlock(&lock, kind, uint32_t{1}); };
            const uint64_t since = sys::ticks();
            const capture::WaiterPlace place = capture::enter_waiters(object, since);
            by_another(unlock);
            const uint32_t last = by_another(unlock);
            const uint32_t by = capture::leave_waiters(place, kind, object, since, sys::ticks());
            TRACK_EXPECT(by == (kind == WaitKind::mutex ? last : 0));
          }
          return 0;
        }) == 0);
}

TEST_CASE("Two locks at one address one after the other have two births") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          core::Registers registers;
          TRACK_GET_REGISTERS(registers);
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          TRACK_EXPECT(capture::birth_of(&mutex).number == 0);
          capture::note_birth(&mutex, registers);
          const capture::Birth first = capture::birth_of(&mutex);
          TRACK_EXPECT(first.number != 0 && first.stack != 0);
          capture::note_death(&mutex);
          TRACK_EXPECT(capture::birth_of(&mutex).number == 0);
          capture::note_birth(&mutex, registers);
          TRACK_EXPECT(capture::birth_of(&mutex).number != first.number);
          return 0;
        }) == 0);
}
