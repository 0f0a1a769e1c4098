#include "libtrack/capture/orders.h"

#include <doctest/doctest.h>

#include <thread>

#include "libtrack/capture/births.h"
#include "libtrack/capture/locks.h"
#include "libtrack/wire/order.h"
#include "tests/support/open_recording.h"
#include "tests/support/real_functions.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;
using test::real_functions;
using wire::OrderSlot;

namespace {

__attribute__((noinline)) int lock(pthread_mutex_t& m) {
  return capture::locked_plain(&m) ? 0 : capture::mutex_lock(&m, real_functions());
}
__attribute__((noinline)) int unlock(pthread_mutex_t& m) {
  return capture::unlocked_plain(&m) ? 0 : capture::mutex_unlock(&m, real_functions());
}
void both(pthread_mutex_t& outer, pthread_mutex_t& inner) {
  lock(outer);
  lock(inner);
  unlock(inner);
  unlock(outer);
}
bool start(const char* options = "") {
  if (!test::start_recording(options)) return false;
  capture::start_locks(test::libcs_locks());
  capture::start_orders();
  return true;
}
uint64_t used() {
  return test::RecordingView(core::recording.path).used(wire::SectionKind::order_edges);
}
const OrderSlot& order(uint64_t i) {
  return core::section_start<OrderSlot>(wire::SectionKind::order_edges)[i];
}

}  // namespace

TEST_CASE("A lock taken below another is noted once, with its thread and its place") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
          lock(a);
          unlock(a);
          TRACK_EXPECT(used() == 0);
          for (int i = 0; i < 10; ++i) both(a, b);
          TRACK_EXPECT(used() == 1);
          const OrderSlot& slot = order(0);
          TRACK_EXPECT(slot.lock == reinterpret_cast<uint64_t>(&b) && slot.held_count == 1);
          TRACK_EXPECT(slot.held[0] == reinterpret_cast<uint64_t>(&a) && slot.stack != 0);
          TRACK_EXPECT(slot.witnesses[0].task == core::this_thread.task);
          TRACK_EXPECT(slot.witnesses[1].task == 0);
          both(b, a);
          TRACK_EXPECT(used() == 2 && core::current_slot()->held_count == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Recursion and trylocks are no order; what a tried lock is in the way of is one") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutexattr_t attributes;
          pthread_mutexattr_init(&attributes);
          pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
          pthread_mutex_t again, plain = PTHREAD_MUTEX_INITIALIZER;
          pthread_mutex_init(&again, &attributes);
          both(again, again);
          TRACK_EXPECT(used() == 0);
          lock(again);
          TRACK_EXPECT(capture::mutex_trylock(&plain, real_functions()) == 0 && used() == 0);
          unlock(again);
          both(again, again);
          TRACK_EXPECT(used() == 1);  // under the tried one
          unlock(plain);
          return 0;
        }) == 0);
}

TEST_CASE("Who creates a thread is looked at again, and who ends is said to have ended") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
          both(a, b);
          const uint64_t first = order(0).witnesses[0].last_ticks;
          both(a, b);
          TRACK_EXPECT(order(0).witnesses[0].last_ticks == first);
          capture::forget_orders();
          both(a, b);
          TRACK_EXPECT(order(0).witnesses[0].last_ticks > first);
          TRACK_EXPECT(order(0).witnesses[0].first_ticks == first);
          std::thread([&] { both(a, b); }).join();
          TRACK_EXPECT(used() == 1 && order(0).witnesses[1].task != 0);
          TRACK_EXPECT(order(0).witnesses[1].ended_ticks != 0);
          TRACK_EXPECT(order(0).witnesses[0].ended_ticks == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A lock that was made anew is another one; nothing is noted when that is not wanted") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          core::Registers registers;
          TRACK_GET_REGISTERS(registers);
          pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
          capture::note_birth(&b, registers);
          both(a, b);
          capture::note_death(&b);
          capture::note_birth(&b, registers);
          std::thread([&] { both(a, b); }).join();
          TRACK_EXPECT(used() == 2 && order(0).birth != order(1).birth);
          return 0;
        }) == 0);
  CHECK(in_child([] {
          TRACK_EXPECT(start("lock_order=0"));
          pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
          both(a, b);
          both(b, a);
          TRACK_EXPECT(used() == 0 && core::current_slot()->held_count == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Locks by the thousand are looked at now and then, and what is new among them is found") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          static pthread_mutex_t striped[512], inner = PTHREAD_MUTEX_INITIALIZER;
          for (pthread_mutex_t& one : striped) both(one, inner);
          // Nothing but new ones so far.
          TRACK_EXPECT(used() == 512 && core::lost().orders == 0);
          for (int round = 0; round < 20; ++round)
            for (pthread_mutex_t& one : striped) both(one, inner);
          TRACK_EXPECT(used() == 512);
          const uint64_t passed_over = core::lost().orders;
          // Each look in vain but the first 128 stands for sixteen, or for more.
          TRACK_EXPECT(passed_over > 8000 && passed_over < 20 * 512);
          static pthread_mutex_t late = PTHREAD_MUTEX_INITIALIZER;
          for (int i = 0; i < 64; ++i) both(inner, late);
          TRACK_EXPECT(used() == 513 && order(512).lock == reinterpret_cast<uint64_t>(&late));
          return 0;
        }) == 0);
}

TEST_CASE("Locks that are passed over are taken by the hook itself, and counted all the same") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          static pthread_mutex_t striped[512], inner = PTHREAD_MUTEX_INITIALIZER;
          for (int round = 0; round < 5; ++round)
            for (pthread_mutex_t& one : striped) both(one, inner);
          const uint64_t before = core::lost().orders;
          uint64_t slow = 0;
          for (pthread_mutex_t& one : striped) {
            TRACK_EXPECT(capture::locked_plain(&one));
            const bool at_once = capture::locked_plain(&inner);
            if (!at_once) TRACK_EXPECT(capture::mutex_lock(&inner, real_functions()) == 0);
            TRACK_EXPECT(core::current_slot()->held_count == 2);
            slow += !at_once;
            unlock(inner);
            unlock(one);
          }
          // Some are among the 64 that are known.
          TRACK_EXPECT(slow > 0 && slow <= 512 / 16);
          const uint64_t passed_over = core::lost().orders - before;
          TRACK_EXPECT(passed_over > 350 && passed_over <= 512 + 64 - slow);
          // One that somebody else has got is none that was passed over.
          lock(striped[0]);
          std::thread([] { lock(inner); }).join();
          const uint32_t passed = capture::orders_with(core::this_thread.orders).passed_over;
          TRACK_EXPECT(!capture::locked_plain(&inner));
          TRACK_EXPECT(capture::orders_with(core::this_thread.orders).passed_over == passed);
          return 0;
        }) == 0);
}

TEST_CASE("A held set that was emptied meanwhile makes no order") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
          both(a, b);  // the thread has a cache
          TRACK_EXPECT(used() == 1 && core::current_slot()->held_count == 0);
          TRACK_REGISTERS(registers);
          capture::note_order(&b, wire::kHeldMutex, registers);
          TRACK_EXPECT(used() == 1);
          return 0;
        }) == 0);
}
