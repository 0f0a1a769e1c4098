#include "libtrack/capture/holds.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "libtrack/capture/locks.h"
#include "libtrack/core/thread_slots.h"
#include "tests/support/open_recording.h"
#include "tests/support/real_functions.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;
using test::real_functions;

namespace {

uint64_t objects[32];

bool start(const char* options) {
  if (!test::start_recording(options)) return false;
  capture::start_locks(test::libcs_locks());
  return true;
}
std::vector<wire::Event> holds() {
  std::vector<wire::Event> found;
  for (const wire::Event& event : test::RecordingView(core::recording.path).events())
    if (event.kind == wire::EventKind::lock_held) found.push_back(event);
  return found;
}
uint64_t address(const void* object) {
  return reinterpret_cast<uint64_t>(object);
}

// As the interposers do it.
__attribute__((noinline)) int lock(pthread_mutex_t& m) {
  if (capture::holds_recorded() && capture::locked_recorded(&m, __builtin_return_address(0)))
    return 0;
  return capture::mutex_lock(&m, real_functions());
}
__attribute__((noinline)) int unlock(pthread_mutex_t& m) {
  if (capture::holds_recorded() && capture::unlocked_recorded(&m, __builtin_return_address(0)))
    return 0;
  return capture::mutex_unlock(&m, real_functions());
}
void pass(uint64_t ticks) {
  for (const uint64_t until = sys::ticks() + ticks; sys::ticks() < until;) continue;
}

}  // namespace

TEST_CASE("A plain mutex leaves one event a pair: what, who, how long, where") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          const uint64_t before = sys::ticks();
          for (int i = 0; i < 2; ++i) {
            TRACK_EXPECT(lock(mutex) == 0);
            TRACK_EXPECT(core::this_thread.slot->held_count.load() == 1);
            TRACK_EXPECT(unlock(mutex) == 0);
          }
          TRACK_EXPECT(core::this_thread.slot->held_count.load() == 0);
          const auto found = holds();
          TRACK_EXPECT(found.size() == 2);
          const wire::Event& event = found.back();
          TRACK_EXPECT(event.object == address(&mutex) && event.sort == wire::kHeldMutex);
          TRACK_EXPECT(event.task == core::this_thread.task);
          TRACK_EXPECT(event.ticks > before && event.duration_ticks > 0);
          TRACK_EXPECT(event.ticks - static_cast<uint64_t>(event.duration_ticks) > before);
          const auto stack = test::RecordingView(core::recording.path).stack(event.stack);
          TRACK_EXPECT(!stack.empty());
          return 0;
        }) == 0);
}

TEST_CASE("A long hold says by which way it was let go, a short one the call alone") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          lock(mutex);
          pass(3 * capture::kWholeStackTicks);
          unlock(mutex);
          const auto found = holds();
          TRACK_EXPECT(found.size() == 1);
          TRACK_EXPECT(found[0].duration_ticks >= 3 * capture::kWholeStackTicks);
          const test::RecordingView view(core::recording.path);
          TRACK_EXPECT(view.stack(found[0].stack).size() > 1);
          const void* caller = reinterpret_cast<const void*>(&start);
          capture::end_hold({0x1000, 5, 6, 1}, 0, caller);
          TRACK_EXPECT(capture::known_caller(caller) != 0);
          TRACK_EXPECT(view.stack(capture::known_caller(caller)) ==
                       std::vector<uint64_t>{address(caller)});
          // Another module may lie there now.
          core::unwind_modules_changed();
          TRACK_EXPECT(capture::known_caller(caller) == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Locks let go out of order, and recursive ones, are each a hold of their own") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          capture::add_held(&objects[1], wire::kHeldRead);
          capture::add_held(&objects[2], wire::kHeldWrite);
          capture::add_held(&objects[3], wire::kHeldSpin);
          capture::add_held(&objects[4], wire::kHeldMutex);
          capture::add_held(&objects[4], wire::kHeldMutex);
          for (const int i : {1, 4, 3, 4, 2}) capture::remove_held(&objects[i], false);
          const auto found = holds();
          TRACK_EXPECT(found.size() == 5);
          const std::vector<std::pair<int, wire::HeldSort>> expected = {{1, wire::kHeldRead},
                                                                        {4, wire::kHeldMutex},
                                                                        {3, wire::kHeldSpin},
                                                                        {4, wire::kHeldMutex},
                                                                        {2, wire::kHeldWrite}};
          for (size_t i = 0; i < found.size(); ++i) {
            TRACK_EXPECT(found[i].object == address(&objects[expected[i].first]));
            TRACK_EXPECT(found[i].sort == expected[i].second && found[i].duration_ticks > 0);
          }
          TRACK_EXPECT(core::this_thread.slot->held_count.load() == 0);
          TRACK_EXPECT(core::lost().events.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("What is held is there with since when, and goes to its taker when another lets it go") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          uint32_t taker = 0;
          std::thread other([&] {
            TRACK_EXPECT(core::current_slot() != nullptr);
            capture::add_held(&objects[1], wire::kHeldMutex);
            taker = core::this_thread.task;
            const wire::HeldSince* since = core::held_since(core::this_thread.slot);
            TRACK_EXPECT(since != nullptr && since == core::this_thread.since);
            TRACK_EXPECT(since->ticks[0].load() != 0 && since->caller[0].load() != 0);
            return 0;
          });
          other.join();
          TRACK_EXPECT(holds().empty());
          capture::remove_held(&objects[1], true);
          const auto found = holds();
          TRACK_EXPECT(found.size() == 1 && found[0].task == taker && taker != 1);
          return 0;
        }) == 0);
}

TEST_CASE("A hold that had no room in the set is a lost event") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          for (auto& object : objects) capture::add_held(&object, wire::kHeldMutex);
          for (auto& object : objects) capture::remove_held(&object, false);
          TRACK_EXPECT(holds().size() == wire::kHeldCapacity);
          TRACK_EXPECT(core::lost().events.load() == 32 - wire::kHeldCapacity);
          TRACK_EXPECT(core::lost().held.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Nothing of it unless it is asked for, and in a child that has no recording") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=1"));
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          lock(mutex);
          unlock(mutex);
          capture::add_held(&objects[1], wire::kHeldRead);
          capture::remove_held(&objects[1], true);
          TRACK_EXPECT(holds().empty() && core::this_thread.since == nullptr);
          TRACK_EXPECT(test::section(wire::SectionKind::held_since).bytes == 0);
          return 0;
        }) == 0);
  CHECK(in_child([] {
          TRACK_EXPECT(start("locks=all"));
          pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
          lock(mutex);
          const int below = in_child([&] {
            TRACK_EXPECT(!capture::holds_recorded() && unlock(mutex) == 0 && lock(mutex) == 0);
            return 0;
          });
          unlock(mutex);
          TRACK_EXPECT(below == 0 && holds().size() == 1);
          return 0;
        }) == 0);
}
