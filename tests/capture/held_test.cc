#include "libtrack/capture/held.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using capture::add_held;
using capture::forget_held;
using capture::remove_held;
using test::in_child;

namespace {

uint64_t objects[256];

// What a reader sees of a slot's held set.
std::vector<uint64_t> held(const wire::ThreadSlot* slot) {
  std::vector<uint64_t> set;
  for (uint32_t i = 0; i < slot->held_count.load(); ++i)
    if (const uint64_t entry = slot->held[i].load(); entry != 0) set.push_back(entry);
  return set;
}
std::vector<uint64_t> held() {
  return held(core::current_slot());
}
uint64_t entry(int i, wire::HeldSort sort = wire::kHeldMutex) {
  return capture::held_entry(&objects[i], sort);
}
using Set = std::vector<uint64_t>;

}  // namespace

TEST_CASE("Locks are listed oldest first with their sort, and leave in any order") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          add_held(&objects[1], wire::kHeldMutex);
          add_held(&objects[2], wire::kHeldRead);
          add_held(&objects[3], wire::kHeldWrite);
          add_held(&objects[4], wire::kHeldSpin);
          TRACK_EXPECT(held() == Set{entry(1), entry(2, wire::kHeldRead),
                                     entry(3, wire::kHeldWrite), entry(4, wire::kHeldSpin)});
          remove_held(&objects[2], true);
          TRACK_EXPECT(held() ==
                       Set{entry(1), entry(3, wire::kHeldWrite), entry(4, wire::kHeldSpin)});
          remove_held(&objects[4], true);
          remove_held(&objects[1], false);
          TRACK_EXPECT(held() == Set{entry(3, wire::kHeldWrite)});
          remove_held(&objects[3], true);
          TRACK_EXPECT(held().empty());
          return 0;
        }) == 0);
}

TEST_CASE("A recursive lock is listed once for each time it was taken") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (int i = 0; i < 3; ++i) add_held(&objects[1], wire::kHeldMutex);
          add_held(&objects[2], wire::kHeldMutex);
          remove_held(&objects[1], false);
          TRACK_EXPECT(held() == Set{entry(1), entry(1), entry(2)});
          remove_held(&objects[2], false);
          remove_held(&objects[1], false);
          TRACK_EXPECT(held() == Set{entry(1)});
          remove_held(&objects[1], false);
          TRACK_EXPECT(held().empty());
          return 0;
        }) == 0);
}

TEST_CASE("Random locking agrees with a multiset as long as the set is not over-full") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          std::mt19937 random(7);
          std::vector<int> oracle;
          for (int step = 0; step < 200000; ++step) {
            if (oracle.size() < wire::kHeldCapacity && random() % 2 == 0) {
              const int i = static_cast<int>(random() % 64);
              add_held(&objects[i], wire::kHeldMutex);
              oracle.push_back(i);
            } else if (!oracle.empty()) {
              // Mostly the newest, as programs do; else any.
              const size_t at = random() % 4 != 0 ? oracle.size() - 1 : random() % oracle.size();
              remove_held(&objects[oracle[at]], false);
              oracle.erase(oracle.begin() + static_cast<long>(at));
            }
            Set wanted, seen = held();
            for (int i : oracle) wanted.push_back(entry(i));
            std::sort(wanted.begin(), wanted.end());
            std::sort(seen.begin(), seen.end());
            TRACK_EXPECT(seen == wanted);
          }
          TRACK_EXPECT(core::lost().held.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("More locks than fit are counted, and the set is whole again when they are given back") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const wire::ThreadSlot* slot = core::current_slot();
          for (int i = 0; i < 30; ++i) add_held(&objects[i], wire::kHeldMutex);
          TRACK_EXPECT(held().size() == wire::kHeldCapacity);
          TRACK_EXPECT(slot->held_lost.load() == 6 && core::lost().held.load() == 6);
          for (int i = 29; i >= 0; --i) remove_held(&objects[i], false);
          TRACK_EXPECT(held().empty() && slot->held_lost.load() == 0);
          for (int i = 0; i < 30; ++i) add_held(&objects[i], wire::kHeldMutex);
          for (int i = 0; i < 30; ++i) remove_held(&objects[i], false);
          TRACK_EXPECT(held().empty() && slot->held_lost.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A lock given back by another thread is struck out of its holder's set") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          add_held(&objects[1], wire::kHeldMutex);
          add_held(&objects[2], wire::kHeldMutex);
          const wire::ThreadSlot* slot = core::current_slot();
          std::thread([] {
            core::current_slot();
            remove_held(&objects[1], true);
          }).join();
          TRACK_EXPECT(held(slot) == Set{entry(2)});
          TRACK_EXPECT(view.count_events(wire::EventKind::lock_taken_over) == 1);
          remove_held(&objects[2], false);
          TRACK_EXPECT(held().empty());
          return 0;
        }) == 0);
}

TEST_CASE("A lock of the thread itself that is not listed strikes out nobody else's") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          add_held(&objects[1], wire::kHeldMutex);
          const wire::ThreadSlot* slot = core::current_slot();
          std::thread([] {
            core::current_slot();
            remove_held(&objects[1], false);
          }).join();
          TRACK_EXPECT(held(slot) == Set{entry(1)});
          return 0;
        }) == 0);
}

TEST_CASE("A lock that is initialized anew is held no more by who initializes it") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const wire::ThreadSlot* slot = view.threads()[0];
          for (int i : {1, 2, 3}) add_held(&objects[i], wire::kHeldMutex);
          capture::forget_own(&objects[2]);
          TRACK_EXPECT(held(slot) == Set({entry(1), entry(3)}));
          for (int i : {1, 3}) capture::forget_own(&objects[i]);
          TRACK_EXPECT(held(slot).empty() && slot->held_count.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A thread that ended holding a lock is listed until the lock is recovered") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          std::thread([] { add_held(&objects[1], wire::kHeldMutex); }).join();
          TRACK_EXPECT(view.threads().size() == 2);
          const wire::ThreadSlot* slot = view.threads()[1];
          TRACK_EXPECT(slot->state.load() == wire::ThreadState::ended);
          TRACK_EXPECT(held(slot) == Set{entry(1)});
          forget_held(&objects[1]);
          TRACK_EXPECT(view.threads().size() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Slots are given back once when locks are struck out while their holders end") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          for (int round = 0; round < (test::kSanitized ? 300 : 3000); ++round) {
            std::atomic<bool> listed{false};
            std::thread holder([&] {
              add_held(&objects[1], wire::kHeldMutex);
              listed = true;
            });
            while (!listed) std::this_thread::yield();
            forget_held(&objects[1]);
            holder.join();
            TRACK_EXPECT(view.threads().size() == 1);
          }
          TRACK_EXPECT(view.used(wire::SectionKind::threads) == 2);
          return 0;
        }) == 0);
}

// A child made behind libc's back runs no atfork handler, but has our memory and our mapping.
int unheard_child(void*) {
  add_held(&objects[2], wire::kHeldMutex);
  remove_held(&objects[1], true);
  forget_held(&objects[1]);
  const bool silent = core::current_slot() == nullptr && !core::recording_is_ours();
  std::thread([] { add_held(&objects[3], wire::kHeldMutex); }).join();
  _exit(silent ? 0 : 1);
}

using MakeChild = pid_t (*)();
pid_t by_fork() {
  return static_cast<pid_t>(syscall(SYS_fork));
}
pid_t by_clone() {
  return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}
pid_t by_clone3() {
  uint64_t arguments[8] = {};
  arguments[4] = SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone3, arguments, sizeof arguments));
}
alignas(16) char child_stack[1 << 18];
pid_t by_libc_clone() {
  return clone(unheard_child, child_stack + sizeof child_stack, SIGCHLD, nullptr);
}

TEST_CASE("A child made behind libc's back writes nothing to its parent's recording") {
  for (const MakeChild make : {by_fork, by_clone, by_clone3, by_libc_clone})
    CHECK(in_child([&] {
            TRACK_EXPECT(test::start_recording());
            const test::RecordingView view(core::recording.path);
            add_held(&objects[1], wire::kHeldMutex);
            const auto before = view.events().size();
            const pid_t pid = make();
            if (pid == 0) unheard_child(nullptr);
            int status = 0;
            if (pid == -1 && errno == ENOSYS) return 0;
            TRACK_EXPECT(waitpid(pid, &status, 0) == pid);
            TRACK_EXPECT(status == 0);
            TRACK_EXPECT(held() == Set{entry(1)});
            TRACK_EXPECT(view.events().size() == before);
            TRACK_EXPECT(core::recording_is_ours());
            return 0;
          }) == 0);
}
