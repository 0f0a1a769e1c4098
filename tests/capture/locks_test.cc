#include "libtrack/capture/locks.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <thread>
#include <vector>

#include "tests/support/open_recording.h"
#include "tests/support/real_functions.h"
#include "tests/support/recording_view.h"

using namespace track;
using capture::mutex_lock;
using capture::mutex_trylock;
using capture::mutex_unlock;
using test::in_child;
using test::real_functions;

namespace {

pthread_mutex_t make_mutex(int type, int robust = PTHREAD_MUTEX_STALLED) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutexattr_setrobust(&attributes, robust);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  return mutex;
}
__attribute__((noinline)) int lock(pthread_mutex_t& m) {
  return capture::locked_plain(&m) ? 0 : mutex_lock(&m, real_functions());
}
__attribute__((noinline)) int unlock(pthread_mutex_t& m) {
  return capture::unlocked_plain(&m) ? 0 : mutex_unlock(&m, real_functions());
}
size_t held(const wire::ThreadSlot* slot) {
  size_t n = 0;
  for (uint32_t i = 0; i < slot->held_count.load(); ++i) n += slot->held[i].load() != 0;
  return n;
}
size_t held() {
  return held(core::current_slot());
}
bool start() {
  if (!test::start_recording()) return false;
  capture::start_locks(test::libcs_locks());
  return true;
}
void wait_until_blocked(const std::atomic<const wire::ThreadSlot*>& slot) {
  test::WaitCopy wait;
  while (slot.load() == nullptr || !test::read_wait(slot.load()->wait, wait) ||
         wait.kind == wire::WaitKind::none)
    std::this_thread::yield();
}

}  // namespace

TEST_CASE("Every kind of mutex answers as without us") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          auto plain = make_mutex(PTHREAD_MUTEX_NORMAL);
          TRACK_EXPECT(lock(plain) == 0 && plain.__data.__owner == gettid());
          TRACK_EXPECT(mutex_trylock(&plain, real_functions()) == EBUSY);
          TRACK_EXPECT(held() == 1 && unlock(plain) == 0 && held() == 0);
          TRACK_EXPECT(plain.__data.__owner == 0 && plain.__data.__nusers == 0);
          TRACK_EXPECT(pthread_mutex_destroy(&plain) == 0);

          auto checked = make_mutex(PTHREAD_MUTEX_ERRORCHECK);
          TRACK_EXPECT(unlock(checked) == EPERM);
          TRACK_EXPECT(lock(checked) == 0 && lock(checked) == EDEADLK && held() == 1);
          TRACK_EXPECT(unlock(checked) == 0 && held() == 0);

          auto recursive = make_mutex(PTHREAD_MUTEX_RECURSIVE);
          TRACK_EXPECT(lock(recursive) == 0 && lock(recursive) == 0 && held() == 2);
          TRACK_EXPECT(unlock(recursive) == 0 && unlock(recursive) == 0 && held() == 0);
          TRACK_EXPECT(unlock(recursive) == EPERM);
          return 0;
        }) == 0);
}

TEST_CASE("Eight threads count to a sum under one mutex, and nobody holds it afterwards") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          auto mutex = make_mutex(PTHREAD_MUTEX_NORMAL);
          constexpr uint64_t kEach = test::kSanitized ? 5000 : 100000;
          uint64_t sum = 0;
          std::vector<std::thread> threads;
          for (int t = 0; t < 8; ++t)
            threads.emplace_back([&] {
              core::current_slot();
              for (uint64_t i = 0; i < kEach; ++i) {
                lock(mutex);
                ++sum;
                unlock(mutex);
              }
            });
          for (auto& thread : threads) thread.join();
          TRACK_EXPECT(sum == 8 * kEach);
          TRACK_EXPECT(mutex.__data.__lock == 0 && mutex.__data.__nusers == 0);
          TRACK_EXPECT(test::RecordingView(core::recording.path).threads().size() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("A thread that finds the mutex taken publishes whom it waits for") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          auto mutex = make_mutex(PTHREAD_MUTEX_NORMAL);
          lock(mutex);
          std::atomic<const wire::ThreadSlot*> slot{nullptr};
          std::thread other([&] {
            slot = core::current_slot();
            lock(mutex);
            unlock(mutex);
          });
          wait_until_blocked(slot);
          test::WaitCopy wait;
          const bool read = test::read_wait(slot.load()->wait, wait);
          unlock(mutex);
          other.join();
          TRACK_EXPECT(read && wait.kind == wire::WaitKind::mutex && wait.owner_tid == gettid());
          TRACK_EXPECT(wait.object == reinterpret_cast<uint64_t>(&mutex) && wait.flags == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A robust mutex of a dead owner is recovered: one owner, the dead thread's slot goes") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          auto mutex = make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
          std::thread([&] {
            core::current_slot();
            lock(mutex);
          }).join();
          TRACK_EXPECT(view.threads().size() == 2 && held(view.threads()[1]) == 1);
          TRACK_EXPECT(lock(mutex) == EOWNERDEAD && held() == 1);
          TRACK_EXPECT(view.threads().size() == 1);
          TRACK_EXPECT(pthread_mutex_consistent(&mutex) == 0);
          TRACK_EXPECT(unlock(mutex) == 0 && held() == 0);
          TRACK_EXPECT(lock(mutex) == 0 && unlock(mutex) == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A robust mutex given up unrecovered is nobody's") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          auto mutex = make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
          std::thread([&] {
            core::current_slot();
            lock(mutex);
          }).join();
          TRACK_EXPECT(lock(mutex) == EOWNERDEAD);
          TRACK_EXPECT(unlock(mutex) == 0 && held() == 0);
          TRACK_EXPECT(lock(mutex) == ENOTRECOVERABLE && held() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A plain mutex that another thread unlocks leaves its locker's set") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          auto mutex = make_mutex(PTHREAD_MUTEX_NORMAL);
          lock(mutex);
          std::thread([&] {
            core::current_slot();
            unlock(mutex);
          }).join();
          TRACK_EXPECT(held() == 0);
          TRACK_EXPECT(lock(mutex) == 0 && held() == 1 && unlock(mutex) == 0 && held() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("An unlock that is refused changes nobody's set") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const struct {
            int type, robust;
          } kinds[] = {{PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED},
                       {PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED},
                       {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST}};
          for (const auto& kind : kinds) {
            auto mutex = make_mutex(kind.type, kind.robust);
            lock(mutex);
            int rc = 0;
            std::thread([&] {
              core::current_slot();
              rc = unlock(mutex);
            }).join();
            TRACK_EXPECT(rc == EPERM);
            TRACK_EXPECT(held() == 1);
            TRACK_EXPECT(unlock(mutex) == 0 && held() == 0);
          }
          return 0;
        }) == 0);
}

TEST_CASE("Read and write locks and spinlocks publish their kind while they wait") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
          pthread_spinlock_t spin;
          pthread_spin_init(&spin, 0);
          for (auto kind : {wire::WaitKind::rwlock_read, wire::WaitKind::rwlock_write,
                            wire::WaitKind::spinlock}) {
            pthread_rwlock_wrlock(&lock);
            pthread_spin_lock(&spin);
            std::atomic<const wire::ThreadSlot*> slot{nullptr};
            size_t held_after = 0;
            std::thread other([&] {
              slot = core::current_slot();
              TRACK_REGISTERS(registers);
              if (kind == wire::WaitKind::spinlock)
                capture::spin_wait(&spin, registers, real_functions());
              else
                capture::rwlock_wait(&lock, kind, registers, real_functions());
              held_after = held();
              core::current_slot()->held_count.store(0);
              if (kind == wire::WaitKind::spinlock)
                pthread_spin_unlock(&spin);
              else
                pthread_rwlock_unlock(&lock);
            });
            wait_until_blocked(slot);
            test::WaitCopy wait;
            const bool read = test::read_wait(slot.load()->wait, wait);
            pthread_rwlock_unlock(&lock);
            pthread_spin_unlock(&spin);
            other.join();
            TRACK_EXPECT(read && wait.kind == kind && held_after == 1);
            TRACK_EXPECT(kind == wire::WaitKind::spinlock || wait.owner_tid == gettid());
          }
          return 0;
        }) == 0);
}
