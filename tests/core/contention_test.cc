#include "libtrack/core/contention.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "libtrack/core/recording_copy.h"
#include "libtrack/core/thread_slots.h"
#include "libtrack/core/thread_state.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using core::ContentionKey;
using test::in_child;
using wire::ContentionRole;
using wire::ContentionSlot;
using wire::SectionKind;
using wire::WaitKind;

namespace {

ContentionKey key(uint64_t object, uint32_t stack = 7) {
  return {ContentionRole::waiter, WaitKind::mutex, object, 0, stack};
}
struct Sums {
  uint64_t entries = 0, count = 0, ticks = 0, most = 0;
};
Sums sums(const test::RecordingView& view, uint64_t object) {
  Sums all;
  const auto* slots = view.entries<ContentionSlot>(SectionKind::contention);
  for (uint64_t i = 0; i < view.used(SectionKind::contention); ++i) {
    if (wire::contention_object(slots[i].identity.load()) != object || slots[i].count == 0)
      continue;
    ++all.entries;
    all.count += slots[i].count;
    all.ticks += slots[i].ticks;
    all.most = std::max<uint64_t>(all.most, slots[i].most_ticks);
  }
  return all;
}

}  // namespace

TEST_CASE("What waits is told apart by role, kind, object, creation and place") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const ContentionKey base = key(0x1000);
          ContentionSlot* slot = core::contention_slot(base, 1);
          TRACK_EXPECT(slot != nullptr && core::contention_slot(base, 2) == slot);
          for (int field = 0; field < 5; ++field) {
            ContentionKey other = base;
            if (field == 0) other.role = ContentionRole::holder;
            if (field == 1) other.kind = WaitKind::condition;
            if (field == 2) other.object += 8;
            if (field == 3) other.created = 3;
            if (field == 4) other.stack = 8;
            TRACK_EXPECT(core::contention_slot(other, 1) != slot);
          }
          core::add_contention(*slot, 1, 10, 10, 100);
          core::add_contention(*slot, 2, 30, 20, 101);
          const Sums all = sums(test::RecordingView(core::recording.path), 0x1000);
          TRACK_EXPECT(all.count == 3 && all.ticks == 40 && all.most == 20);
          core::one_thread = true;  // then it is added up another way
          core::add_contention(*slot, 5, uint64_t{1} << 40, 7, 102);
          const Sums more = sums(test::RecordingView(core::recording.path), 0x1000);
          TRACK_EXPECT(more.count == 8 && more.ticks == 40 + (uint64_t{1} << 40));
          TRACK_EXPECT(core::claim_slot(1) != nullptr && !core::one_thread);
          return 0;
        }) == 0);
}

TEST_CASE("An entry that is remembered is another key's never") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          core::RememberedCost last{};
          const ContentionKey first = key(0x1000);
          ContentionSlot* slot = core::contention_slot(first, 1, last);
          TRACK_EXPECT(slot != nullptr && last.entry != 0);
          TRACK_EXPECT(core::contention_slot(first, 2, last) == slot);
          for (int field = 0; field < 5; ++field) {
            ContentionKey other = first;
            if (field == 0) other.role = ContentionRole::holder;
            if (field == 1) other.kind = WaitKind::condition;
            if (field == 2) other.object += 8;
            if (field == 3) other.created = 3;
            if (field == 4) other.stack = 8;
            ContentionSlot* found = core::contention_slot(other, 3, last);
            TRACK_EXPECT(found != slot && found == core::contention_slot(other, 4));
            TRACK_EXPECT(core::contention_slot(first, 5, last) == slot);
          }
          return 0;
        }) == 0);
}

TEST_CASE("Threads that come for the same keys at once lose no wait") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          constexpr uint64_t kEach = test::kSanitized ? 2000 : 20000, kObjects = 50;
          // Each comes with a slot of its own, as where threads are hooked.
          std::vector<std::thread> threads;
          for (int t = 0; t < 4; ++t)
            threads.emplace_back([] {
              (void)core::current_slot();
              for (uint64_t i = 0; i < kEach; ++i)
                core::add_contention(*core::contention_slot(key(0x1000 + 8 * (i % kObjects)), 1), 1,
                                     i, i, i);
            });
          for (auto& thread : threads) thread.join();
          const test::RecordingView view(core::recording.path);
          uint64_t count = 0;
          for (uint64_t i = 0; i < kObjects; ++i) {
            const Sums all = sums(view, 0x1000 + 8 * i);
            TRACK_EXPECT(all.entries == 1);
            count += all.count;
          }
          TRACK_EXPECT(count == 4 * kEach);
          TRACK_EXPECT(view.header().lost.contention == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A fork child begins with an empty table") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (uint64_t i = 0; i < 100; ++i)
            core::add_contention(*core::contention_slot(key(0x1000 + 8 * i), 1), 1, 5, 5, 1);
          core::RememberedCost last{};
          TRACK_EXPECT(core::contention_slot(key(0x1000 + 8 * 70), 1, last) != nullptr);
          return in_child([&] {
            TRACK_EXPECT(core::copy_recording_after_fork(false));
            core::restart_contention_after_fork();
            const auto& section = test::section(wire::SectionKind::contention);
            TRACK_EXPECT(section.used.load() == 0);
            auto* slot = core::contention_slot(key(0x1000 + 8 * 70), 2);
            TRACK_EXPECT(slot != nullptr && section.used.load() == 1);
            TRACK_EXPECT(slot->count.load() == 0 && slot->ticks.load() == 0);
            TRACK_EXPECT(core::contention_slot(key(0x1000 + 8 * 70), 3) == slot);
            TRACK_EXPECT(core::contention_slot(key(0x1000 + 8 * 70), 4, last) == slot);
            TRACK_EXPECT(slot->first_ticks == 2 && section.used.load() == 1);
            return 0;
          });
        }) == 0);
}

TEST_CASE("When the table fills, further objects share an entry, and only then is anything lost") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          constexpr uint64_t kMany = 2 * wire::kContentionSlots;
          uint64_t counted = 0;
          for (uint64_t i = 0; i < kMany; ++i)
            if (auto* slot = core::contention_slot(key(0x1000 + 8 * i), 1)) {
              core::add_contention(*slot, 1, 1, 1, 1);
              ++counted;
            }
          const test::RecordingView view(core::recording.path);
          const Sums shared = sums(view, 0);
          TRACK_EXPECT(counted == kMany && shared.entries == 1);
          TRACK_EXPECT(shared.count > wire::kContentionSlots);
          TRACK_EXPECT(view.header().lost.contention == 0);
          for (uint32_t stack = 0; stack < wire::kContentionSlots; ++stack)
            core::contention_slot(key(0x1000, stack + 100), 1);
          TRACK_EXPECT(view.header().lost.contention != 0);
          return 0;
        }) == 0);
}
