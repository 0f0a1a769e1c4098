#include "libtrack/core/coroutine_table.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "libtrack/core/recording.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using core::insert_block;
using core::may_be_tracked;
using core::with_block;
using test::in_child;

namespace {

const void* pointer(uint64_t address) {
  return reinterpret_cast<const void*>(address);
}
bool insert(uint64_t address, uint64_t mark) {
  return insert_block(address, static_cast<uint32_t>(mark % 1000), static_cast<uint32_t>(mark), 7,
                      mark, 3) != nullptr;
}
// The mark the table holds for the address; 0 = not there.
uint64_t mark_of(uint64_t address) {
  uint64_t mark = 0;
  with_block(address, [&](wire::CoroutineSlot& slot) {
    if (slot.address.load() == address && slot.site == static_cast<uint32_t>(slot.created_ticks))
      mark = slot.created_ticks;
    return true;
  });
  return mark;
}
bool erase(uint64_t address) {
  return with_block(address, [](wire::CoroutineSlot&) { return false; });
}

}  // namespace

TEST_CASE("A block is found until it is erased; a second insert replaces the first") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(!erase(0x1000));
          TRACK_EXPECT(!may_be_tracked(pointer(0x1000)));
          TRACK_EXPECT(insert(0x1000, 5));
          TRACK_EXPECT(may_be_tracked(pointer(0x1000)));
          TRACK_EXPECT(mark_of(0x1000) == 5);
          TRACK_EXPECT(insert(0x1000, 6));
          TRACK_EXPECT(mark_of(0x1000) == 6);
          TRACK_EXPECT(test::RecordingView(core::recording.path).blocks(false).size() == 1);
          TRACK_EXPECT(erase(0x1000));
          TRACK_EXPECT(!erase(0x1000));
          TRACK_EXPECT(!may_be_tracked(pointer(0x1000)));
          return 0;
        }) == 0);
}

TEST_CASE("Random inserts and erases agree with an ordinary map, growth included") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          std::unordered_map<uint64_t, uint64_t> oracle;
          std::mt19937_64 random(1);
          // Few enough addresses that each is used again and again, many enough to grow.
          auto any = [&] { return 0x7f0000000000 + random() % 60000 * 48 / 16 * 16; };
          for (uint64_t step = 1; step <= 1000000; ++step) {
            const uint64_t address = any();
            const bool growing = step % 400000 < 200000;
            if (random() % 8 < (growing ? 5u : 3u)) {
              TRACK_EXPECT(insert(address, step));
              oracle[address] = step;
            } else {
              TRACK_EXPECT(erase(address) == (oracle.erase(address) == 1));
            }
            if (step % 16 == 0) {
              const uint64_t other = any();
              const auto it = oracle.find(other);
              TRACK_EXPECT(mark_of(other) == (it == oracle.end() ? 0 : it->second));
              TRACK_EXPECT(it == oracle.end() || may_be_tracked(pointer(other)));
            }
          }
          const auto blocks = view.blocks(false);
          TRACK_EXPECT(blocks.size() == oracle.size());
          for (const auto& [address, mark] : oracle) {
            TRACK_EXPECT(blocks.count(address) == 1);
            TRACK_EXPECT(may_be_tracked(pointer(address)));
            TRACK_EXPECT(mark_of(address) == mark);
            TRACK_EXPECT(erase(address));
          }
          TRACK_EXPECT(view.blocks(false).empty());
          TRACK_EXPECT(core::lost().coroutines.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Eight threads keep exactly their own blocks") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          constexpr uint64_t kSteps = test::kSanitized ? 30000 : 150000;
          std::map<uint64_t, uint64_t> left[8];
          std::atomic<int> wrong{0};
          std::vector<std::thread> threads;
          for (uint64_t t = 0; t < 8; ++t)
            threads.emplace_back([&, t] {
              std::mt19937_64 random(t);
              auto& mine = left[t];
              for (uint64_t step = 1; step <= kSteps; ++step) {
                const uint64_t address = 0x600000000000 + (random() % 4000 * 8 + t) * 32;
                if (mine.count(address) == 0) {
                  wrong += !insert(address, step);
                  mine[address] = step;
                } else {
                  wrong += mark_of(address) != mine[address] || !may_be_tracked(pointer(address));
                  wrong += !erase(address);
                  mine.erase(address);
                }
              }
            });
          for (auto& thread : threads) thread.join();
          TRACK_EXPECT(wrong == 0);
          size_t count = 0;
          for (const auto& mine : left) {
            count += mine.size();
            for (const auto& [address, mark] : mine) TRACK_EXPECT(mark_of(address) == mark);
          }
          const test::RecordingView view(core::recording.path);
          TRACK_EXPECT(view.blocks(false).size() == count);
          TRACK_EXPECT(view.used(wire::SectionKind::coroutines) < 32000 + 8 * 128);
          return 0;
        }) == 0);
}

TEST_CASE(
    "A block watched more often than can be counted is watched for ever, others only so long") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (int i = 0; i < 3; ++i) core::watch_block(0x10000);
          TRACK_EXPECT(insert(0x10000, 5) && mark_of(0x10000) == 5 && erase(0x10000));
          for (int i = 0; i < 2; ++i) core::unwatch_block(0x10000);
          TRACK_EXPECT(may_be_tracked(pointer(0x10000)));
          core::unwatch_block(0x10000);
          core::unwatch_block(0x10000);
          TRACK_EXPECT(!may_be_tracked(pointer(0x10000)));
          for (int i = 0; i < 500; ++i) core::watch_block(0x20000);
          for (int i = 0; i < 500; ++i) core::unwatch_block(0x20000);
          TRACK_EXPECT(may_be_tracked(pointer(0x20000)));
          return 0;
        }) == 0);
}

TEST_CASE("Of two live blocks closer together than any frames the second is lost, not the first") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(insert(0x8000, 16));
          TRACK_EXPECT(!insert(0x8010, 24) && core::lost().coroutines.load() == 1);
          TRACK_EXPECT(mark_of(0x8000) == 16 && !erase(0x8010));
          // Freed where nobody saw it: what lies there now overlaps it.
          TRACK_EXPECT(insert(0x8008, 40) && mark_of(0x8008) == 40 && mark_of(0x8000) == 0);
          TRACK_EXPECT(test::RecordingView(core::recording.path).blocks(false).size() == 1);
          TRACK_EXPECT(core::lost().coroutines.load() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Blocks freed by another thread than made them leave their slots to both") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (uint64_t round = 0; round < 50; ++round) {
            for (uint64_t i = 1; i <= 500; ++i) TRACK_EXPECT(insert(i << 16, i));
            int wrong = 0;
            std::thread([&] {
              for (uint64_t i = 1; i <= 500; ++i) wrong += !erase(i << 16);
            }).join();
            TRACK_EXPECT(wrong == 0);
          }
          const test::RecordingView view(core::recording.path);
          TRACK_EXPECT(view.blocks(false).empty());
          TRACK_EXPECT(view.used(wire::SectionKind::coroutines) <= 700);
          return 0;
        }) == 0);
}

TEST_CASE("A full table counts the loss, keeps the rest and takes new blocks once there is room") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("coroutines_max=1"));
          std::vector<uint64_t> kept;
          uint64_t refused = 0;
          for (uint64_t i = 1; i <= 20000; ++i) {
            if (insert(i * 64, i))
              kept.push_back(i * 64);
            else
              ++refused;
          }
          TRACK_EXPECT(kept.size() >= 900);
          TRACK_EXPECT(refused > 0);
          TRACK_EXPECT(core::lost().coroutines.load() == refused);
          for (uint64_t address : kept) TRACK_EXPECT(mark_of(address) == address / 64);
          for (uint64_t address : kept) TRACK_EXPECT(erase(address));
          for (uint64_t address : kept) TRACK_EXPECT(insert(address, 9));
          return 0;
        }) == 0);
}

TEST_CASE("Refused space costs the blocks of that moment only") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const auto& section = test::section(wire::SectionKind::coroutines);
          const uint64_t bytes = core::recording.bytes;
          TRACK_EXPECT(truncate(core::recording.path, static_cast<off_t>(section.offset)) == 0);
          for (uint64_t i = 1; i <= 100; ++i) TRACK_EXPECT(!insert(i * 64, i));
          TRACK_EXPECT(core::lost().coroutines.load() == 100);
          TRACK_EXPECT(section.used.load() == 0);
          TRACK_EXPECT(truncate(core::recording.path, static_cast<off_t>(bytes)) == 0);
          for (uint64_t i = 1; i <= 100; ++i) TRACK_EXPECT(insert(i * 64, i));
          return 0;
        }) == 0);
}

TEST_CASE("While an entry is locked its block cannot be erased by another thread") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(insert(0x4000, 1));
          std::atomic<bool> trying{false}, erased{false};
          std::thread other;
          bool seen_early = true;
          with_block(0x4000, [&](wire::CoroutineSlot&) {
            other = std::thread([&] {
              trying = true;
              erase(0x4000);
              erased = true;
            });
            while (!trying) std::this_thread::yield();
            for (int i = 0; i < 3; ++i) std::this_thread::yield();  // it does not wait for ever
            seen_early = erased;
            return true;
          });
          other.join();
          TRACK_EXPECT(!seen_early && erased);
          return 0;
        }) == 0);
}
