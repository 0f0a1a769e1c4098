#include "libtrack/core/thread_state.h"

#include <doctest/doctest.h>
#include <setjmp.h>
#include <signal.h>

#include <barrier>
#include <set>
#include <thread>
#include <vector>

#include "libtrack/core/thread_slots.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;
using wire::ThreadState;

TEST_CASE("The main thread is task 1, running, with its stack's bounds") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto threads = view.threads();
          TRACK_EXPECT(threads.size() == 1);
          TRACK_EXPECT(threads[0]->task == 1 && threads[0]->creator == 0);
          TRACK_EXPECT(threads[0]->flags.load() == wire::kThreadMain);
          TRACK_EXPECT(threads[0]->state.load() == ThreadState::running);
          TRACK_EXPECT(threads[0]->tid.load() == gettid());
          TRACK_EXPECT(threads[0]->pthread.load() == pthread_self());
          TRACK_EXPECT(threads[0]->stack_high > reinterpret_cast<uint64_t>(&threads));
          TRACK_EXPECT(core::slot_of(pthread_self()) == core::current_slot());
          return 0;
        }) == 0);
}

TEST_CASE("A slot is used again only when its last pin is gone, under a new task id") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          wire::ThreadSlot* slot = core::claim_slot(3);
          const uint32_t task = slot->task;
          TRACK_EXPECT(slot->state.load() == ThreadState::claimed && slot->creator == 1);
          core::unpin(slot);
          core::unpin(slot);
          TRACK_EXPECT(core::claim_slot(1) != slot);
          TRACK_EXPECT(slot->state.load() == ThreadState::claimed);
          core::unpin(slot);
          TRACK_EXPECT(slot->state.load() == ThreadState::free);
          TRACK_EXPECT(core::claim_slot(1) == slot);
          TRACK_EXPECT(slot->task > task);
          TRACK_EXPECT(slot->sequence.load() % 2 == 0);
          return 0;
        }) == 0);
}

TEST_CASE("The handle's pin is given back once, by whoever comes first of join and detach") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          wire::ThreadSlot* slot = core::claim_slot(2);
          TRACK_EXPECT(core::release_handle(slot, wire::kThreadDetached));
          TRACK_EXPECT(!core::release_handle(slot, wire::kThreadJoined));
          TRACK_EXPECT(slot->state.load() == ThreadState::claimed);
          core::unpin(slot);
          TRACK_EXPECT(slot->state.load() == ThreadState::free);
          return 0;
        }) == 0);
}

TEST_CASE("A full table counts threads without a slot and works again when one is free") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("threads_max=1"));
          std::vector<wire::ThreadSlot*> taken;
          while (wire::ThreadSlot* slot = core::claim_slot(1)) taken.push_back(slot);
          TRACK_EXPECT(taken.size() >= 64);
          TRACK_EXPECT(core::lost().tasks.load() == 1);
          TRACK_EXPECT(core::claim_slot(1) == nullptr);
          TRACK_EXPECT(core::lost().tasks.load() == 2);
          core::unpin(taken.back());
          TRACK_EXPECT(core::claim_slot(1) == taken.back());
          return 0;
        }) == 0);
}

TEST_CASE("Thread ids stay unique and slots exclusive while eight threads claim and give back") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          constexpr int kRounds = 20000;
          std::vector<uint32_t> tasks[8];
          std::atomic<int> clashes{0};
          std::vector<std::thread> threads;
          for (auto& ids : tasks)
            threads.emplace_back([&] {
              for (int i = 0; i < kRounds; ++i) {
                wire::ThreadSlot* slot = core::claim_slot(1);
                const uint32_t task = slot->task;
                ids.push_back(task);
                if (slot->start_argument != 0) ++clashes;
                slot->start_argument = task;
                if (slot->task != task || slot->start_argument != task) ++clashes;
                slot->start_argument = 0;
                core::unpin(slot);
              }
            });
          for (auto& thread : threads) thread.join();
          TRACK_EXPECT(clashes == 0);
          std::set<uint32_t> unique;
          for (const auto& ids : tasks) unique.insert(ids.begin(), ids.end());
          TRACK_EXPECT(unique.size() == 8 * kRounds);
          TRACK_EXPECT(test::section(wire::SectionKind::threads).used.load() < 32);
          return 0;
        }) == 0);
}

TEST_CASE("A thread made behind our back is adopted at its first hook and let go at its end") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          int32_t tid = 0;
          bool seen = false;
          for (int round = 0; round < 50; ++round)
            std::thread([&] {
              const wire::ThreadSlot* slot = core::current_slot();
              tid = gettid();
              seen = slot != nullptr && view.thread_of_tid(tid) != nullptr &&
                     slot->flags.load() == wire::kThreadAdopted && slot->created_stack == 0 &&
                     slot->state.load() == ThreadState::running;
            }).join();
          TRACK_EXPECT(seen);
          TRACK_EXPECT(view.thread_of_tid(tid) == nullptr);
          TRACK_EXPECT(view.used(wire::SectionKind::threads) == 2);
          TRACK_EXPECT(view.header().counters.threads_ended.load() == 50);
          return 0;
        }) == 0);
}

TEST_CASE("An ended thread's slot stays for the lock it still holds, until that is struck out") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          wire::ThreadSlot* slot = nullptr;
          std::thread([&] {
            slot = core::current_slot();
            slot->held[0].store(0x1000);
            slot->held[1].store(0x2000);  // given back already: beyond the count
            slot->held_count.store(1);
          }).join();
          TRACK_EXPECT(slot->state.load() == ThreadState::ended);
          core::unpin_if_nothing_held(slot);
          TRACK_EXPECT(slot->state.load() == ThreadState::ended);
          slot->held[0].store(0);
          core::unpin_if_nothing_held(slot);
          TRACK_EXPECT(slot->state.load() == ThreadState::free);
          return 0;
        }) == 0);
}

TEST_CASE("A thread whose locks others struck out while it ran leaves no slot behind") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          wire::ThreadSlot* slot = nullptr;
          std::thread([&] {
            slot = core::current_slot();
            slot->held[0].store(0);
            slot->held_count.store(1);
          }).join();
          TRACK_EXPECT(slot->state.load() == ThreadState::free);
          return 0;
        }) == 0);
}

TEST_CASE("Inside the tracker, and past a thread's end, nothing may be recorded") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          {
            core::BusyScope busy;
            TRACK_EXPECT(core::current_slot() == nullptr);
          }
          TRACK_EXPECT(core::current_slot() != nullptr);
          core::recording_is_on.store(false);
          TRACK_EXPECT(core::current_slot() == nullptr);
          return 0;
        }) == 0);
}

namespace {

sigjmp_buf out_of_the_tracker;

[[gnu::noinline]] bool deeper_still_inside() {
  volatile char room[256];
  room[0] = 0;
  return core::inside_tracker() && room[0] == 0;
}

[[gnu::noinline]] void raise_inside() {
  volatile char room[4096];  // so that the frame jumped out of lies well below
  room[0] = 0;
  core::BusyScope busy;
  raise(SIGUSR1 + room[0]);
}

}  // namespace

TEST_CASE("A handler that jumps out of the tracker leaves it: what comes after is recorded") {
  if (test::kThreadSanitized) return;  // it runs handlers later than they come
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          signal(SIGUSR1, [](int) {
            // Below what it interrupted the tracker is still at work, and may be gone back to.
            if (deeper_still_inside()) siglongjmp(out_of_the_tracker, 1);
          });
          if (sigsetjmp(out_of_the_tracker, 1) == 0) {
            raise_inside();
            return 1;
          }
          TRACK_EXPECT(core::this_thread.busy == 1);  // no scope ended
          TRACK_EXPECT(core::may_record());
          TRACK_EXPECT(core::this_thread.busy == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A handler on a signal stack of its own does not take the tracker for left") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          static char stack[65536];
          stack_t other{};
          other.ss_sp = stack;
          other.ss_size = sizeof stack;
          TRACK_EXPECT(sigaltstack(&other, nullptr) == 0);
          static bool inside;
          struct sigaction action {};
          action.sa_handler = [](int) { inside = core::inside_tracker(); };
          action.sa_flags = SA_ONSTACK;
          TRACK_EXPECT(sigaction(SIGUSR1, &action, nullptr) == 0);
          raise_inside();
          TRACK_EXPECT(inside);
          TRACK_EXPECT(core::this_thread.busy == 0);
          return 0;
        }) == 0);
}
