#include "libtrack/capture/threads.h"

#include <doctest/doctest.h>

#include <vector>

#include "libtrack/wire/key_count.h"
#include "tests/support/open_recording.h"
#include "tests/support/real_functions.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;
using test::real_functions;
using wire::ThreadState;

namespace {

__attribute__((noinline)) int create(pthread_t* thread, void* (*routine)(void*),
                                     void* argument = nullptr,
                                     const pthread_attr_t* attributes = nullptr) {
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  return capture::create_thread(thread, attributes, routine, argument, registers, real_functions());
}
__attribute__((noinline)) int join(pthread_t thread) {
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  capture::OpenJoin open;
  capture::begin_join(open, thread, 0, registers);
  const int rc = pthread_join(thread, nullptr);
  capture::end_join(open, rc == 0);
  return rc;
}
int detach(pthread_t thread) {
  capture::detaching(thread);
  return pthread_detach(thread);
}
void* nothing(void*) {
  return nullptr;
}
void* yields(void*) {
  sched_yield();
  return nullptr;
}
void await_live(const test::RecordingView& view, size_t threads) {
  while (view.threads().size() != threads) sched_yield();
}

}  // namespace

TEST_CASE("A hundred thousand short threads use no more slots than live at once") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          constexpr int kAtOnce = 8;
          constexpr uint64_t kThreads = test::kSanitized ? 4000 : 100000;
          for (uint64_t i = 0; i < kThreads; i += kAtOnce) {
            pthread_t threads[kAtOnce];
            for (auto& thread : threads) TRACK_EXPECT(create(&thread, nothing) == 0);
            for (auto& thread : threads) TRACK_EXPECT(join(thread) == 0);
          }
          TRACK_EXPECT(view.threads().size() == 1);
          TRACK_EXPECT(view.used(wire::SectionKind::threads) <= kAtOnce + 2);
          const auto& counters = view.header().counters;
          TRACK_EXPECT(counters.threads_created.load() == kThreads);
          TRACK_EXPECT(counters.threads_joined.load() == kThreads);
          TRACK_EXPECT(counters.threads_ended.load() == kThreads);
          const auto& lost = view.header().lost;
          TRACK_EXPECT(lost.tasks.load() == 0 && lost.joins.load() == 0);
          TRACK_EXPECT(view.header().next_task.load() == kThreads + 2);
          return 0;
        }) == 0);
}

TEST_CASE("A thread's slot tells who made it, where, and what it runs") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          int gate[2];
          TRACK_EXPECT(pipe(gate) == 0);
          auto waits = [](void* fd) -> void* {
            char c;
            (void)!read(*static_cast<int*>(fd), &c, 1);
            return nullptr;
          };
          pthread_t thread;
          TRACK_EXPECT(create(&thread, waits, &gate[0]) == 0);
          const wire::ThreadSlot* slot = core::slot_of(thread);
          TRACK_EXPECT(slot != nullptr);
          while (slot->state.load() != ThreadState::running) sched_yield();
          TRACK_EXPECT(slot->task == 2 && slot->creator == 1);
          TRACK_EXPECT(slot->pthread.load() == thread && slot->tid.load() != 0);
          TRACK_EXPECT(slot->start_routine ==
                       reinterpret_cast<uint64_t>(static_cast<void* (*)(void*)>(waits)));
          TRACK_EXPECT(slot->start_argument == reinterpret_cast<uint64_t>(&gate[0]));
          TRACK_EXPECT(view.stack(slot->created_stack).size() >= 3);
          TRACK_EXPECT(slot->created_ticks != 0 && slot->started_ticks >= slot->created_ticks);
          capture::named(thread, "sixteen-is-too-long");
          TRACK_EXPECT(std::string(slot->name) == "sixteen-is-too-");
          TRACK_EXPECT(slot->joiner.load() == 0);
          TRACK_EXPECT(write(gate[1], "x", 1) == 1);
          TRACK_EXPECT(join(thread) == 0);
          TRACK_EXPECT(slot->state.load() == ThreadState::free);
          return 0;
        }) == 0);
}

TEST_CASE("Finished threads that nobody joined stay listed as ended") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          pthread_t threads[20];
          for (auto& thread : threads) TRACK_EXPECT(create(&thread, nothing) == 0);
          while (view.header().counters.threads_ended.load() != 20) sched_yield();
          size_t ended = 0;
          while (ended != 20) {
            ended = 0;
            for (const auto* slot : view.threads())
              ended += slot->state.load() == ThreadState::ended;
            sched_yield();
          }
          for (int i = 0; i < 10; ++i) TRACK_EXPECT(join(threads[i]) == 0);
          TRACK_EXPECT(view.threads().size() == 11);
          return 0;
        }) == 0);
}

TEST_CASE("Detached threads go at their end, however they were detached") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          pthread_attr_t detached;
          pthread_attr_init(&detached);
          pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
          pthread_t thread;
          for (int i = 0; i < 200; ++i) {
            TRACK_EXPECT(create(&thread, yields, nullptr, &detached) == 0);
            TRACK_EXPECT(create(&thread, yields) == 0);
            TRACK_EXPECT(detach(thread) == 0);
            TRACK_EXPECT(create(&thread, [](void*) -> void* {
                           detach(pthread_self());
                           return nullptr;
                         }) == 0);
          }
          await_live(view, 1);
          TRACK_EXPECT(view.header().counters.threads_detached.load() == 400);
          TRACK_EXPECT(view.header().lost.joins.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A thread that could not be made leaves no slot") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          pthread_attr_t huge;
          pthread_attr_init(&huge);
          pthread_attr_setstacksize(&huge, size_t{1} << 50);
          pthread_t thread;
          TRACK_EXPECT(create(&thread, nothing, nullptr, &huge) == EAGAIN);
          TRACK_EXPECT(view.threads().size() == 1);
          TRACK_EXPECT(view.header().counters.threads_created.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A thread that calls pthread_exit or is cancelled ends like any other") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          pthread_t thread;
          TRACK_EXPECT(create(&thread, [](void*) -> void* { pthread_exit(nullptr); }) == 0);
          TRACK_EXPECT(join(thread) == 0);
          TRACK_EXPECT(create(&thread, [](void*) -> void* {
                         for (;;) pause();
                       }) == 0);
          capture::cancelled(thread);
          const wire::ThreadSlot* slot = core::slot_of(thread);
          TRACK_EXPECT((slot->flags.load() & wire::kThreadCancelled) != 0);
          pthread_cancel(thread);
          TRACK_EXPECT(join(thread) == 0);
          TRACK_EXPECT(view.threads().size() == 1);
          TRACK_EXPECT(view.header().counters.threads_ended.load() == 2);
          return 0;
        }) == 0);
}

TEST_CASE("Destructors of the target that run at a thread's end still see a live slot" *
          doctest::skip(test::kThreadSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          static pthread_key_t key;
          static bool seen[3];
          static int round;
          pthread_key_create(&key, [](void* value) {
            if (round < 3) {
              seen[round++] = core::current_slot() != nullptr;
              pthread_setspecific(key, value);
            }
          });
          pthread_t thread;
          TRACK_EXPECT(create(&thread, [](void*) -> void* {
                         pthread_setspecific(key, &key);
                         return nullptr;
                       }) == 0);
          TRACK_EXPECT(join(thread) == 0);
          TRACK_EXPECT(round == 3 && seen[0] && seen[1]);
          return 0;
        }) == 0);
}

TEST_CASE("C11 threads are threads" * doctest::skip(test::kThreadSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          core::Registers registers;
          TRACK_GET_REGISTERS(registers);
          thrd_t thread;
          TRACK_EXPECT(capture::create_c11_thread(
                           &thread, [](void*) { return 5; }, nullptr, registers,
                           real_functions()) == thrd_success);
          capture::OpenJoin open;
          capture::begin_join(open, thread, 0, registers);
          int result = 0;
          TRACK_EXPECT(thrd_join(thread, &result) == thrd_success && result == 5);
          capture::end_join(open, true);
          TRACK_EXPECT(view.threads().size() == 1);
          TRACK_EXPECT(view.header().counters.threads_joined.load() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Threads are counted by the stack that created them, though they are gone") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          volatile int times = 5;  // one place: the loop is not to be unrolled
          for (int i = 0; i < times; ++i) {
            pthread_t thread;
            TRACK_EXPECT(create(&thread, nothing) == 0 && join(thread) == 0);
          }
          const test::RecordingView view(core::recording.path);
          const auto* entries = view.entries<wire::KeyCount>(wire::SectionKind::thread_origins);
          uint64_t found = 0;
          for (uint32_t i = 0; i < wire::kThreadOrigins; ++i)
            if (entries[i].key != 0) {
              TRACK_EXPECT(entries[i].count == 5);
              ++found;
            }
          TRACK_EXPECT(found == 1);
          return 0;
        }) == 0);
}
