#include "libtrack/capture/coroutines.h"

#include <doctest/doctest.h>

#include <coroutine>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/stacks.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;

namespace {

// The hooks as the interposers have them, under names of our own.
__attribute__((noinline)) void* hooked_new(size_t bytes) {
  return capture::allocated(std::malloc(bytes), bytes);
}
__attribute__((noinline)) void hooked_delete(void* block) {
  capture::freeing(block);
  std::free(block);
}

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
    static void* operator new(size_t bytes) { return hooked_new(bytes); }
    static void operator delete(void* block) { hooked_delete(block); }
  };
  std::coroutine_handle<promise_type> handle;
  uint64_t address() const { return reinterpret_cast<uint64_t>(handle.address()); }
};
__attribute__((noinline)) Task one_kind(int n) {
  volatile int kept[8] = {n};
  co_await std::suspend_always{};
  kept[0] = kept[0] + 1;
}
__attribute__((noinline)) Task other_kind(int n) {
  volatile int kept[16] = {n};
  co_await std::suspend_always{};
  kept[0] = kept[0] + 1;
}
__attribute__((noinline)) void* plain_block(size_t bytes) {
  void* block = hooked_new(bytes);
  asm volatile("" ::: "memory");
  return block;
}

// Each is a site of its own.
template <int kNumber>
[[gnu::noinline]] void* block_of_site() {
  void* block = hooked_new(64);
  asm volatile("" : : "i"(kNumber) : "memory");  // no call is the last thing
  return block;
}
template <int... kNumbers>
std::vector<void*> blocks_of_sites(std::integer_sequence<int, kNumbers...>) {
  return {block_of_site<kNumbers>()...};
}

bool start() {
  if (!test::start_recording()) return false;
  capture::start_coroutines();
  return true;
}
uint64_t created() {
  return core::current_slot()->coroutines_created.load();
}
uint64_t destroyed() {
  return core::current_slot()->coroutines_destroyed.load();
}

}  // namespace

TEST_CASE("Every coroutine frame is listed while it lives, with size, site and creation stack") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          std::vector<Task> tasks;
          for (int i = 0; i < 100; ++i) tasks.push_back(i % 2 == 0 ? one_kind(i) : other_kind(i));
          capture::settle_pending();
          const auto frames = view.blocks(true);
          TRACK_EXPECT(frames.size() == 100);
          for (const auto& task : tasks) TRACK_EXPECT(frames.count(task.address()) == 1);
          const auto* slots = view.entries<wire::CoroutineSlot>(wire::SectionKind::coroutines);
          const auto* sites = view.entries<wire::Site>(wire::SectionKind::sites);
          for (uint64_t i = 0; i < view.used(wire::SectionKind::coroutines); ++i) {
            if (slots[i].address.load() == 0) continue;
            TRACK_EXPECT(slots[i].creator == 1 && slots[i].size_bytes > 24);
            TRACK_EXPECT(view.stack(slots[i].stack).size() >= 3);
            const auto& site = sites[slots[i].site & wire::kSiteMask];
            TRACK_EXPECT(site.state.load() == wire::SiteState::coroutine);
            const auto* head = reinterpret_cast<const uint64_t*>(slots[i].address.load());
            TRACK_EXPECT(site.resume.load() == head[0] && site.destroy.load() == head[1]);
            TRACK_EXPECT(view.stack(slots[i].stack).back() == site.return_address.load());
          }
          TRACK_EXPECT(created() == 100 && destroyed() == 0);
          for (auto& task : tasks) {
            task.handle.resume();
            task.handle.destroy();
          }
          TRACK_EXPECT(view.blocks(false).empty());
          TRACK_EXPECT(created() == 100 && destroyed() == 100);
          TRACK_EXPECT(view.header().lost.coroutines.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A site of plain blocks is left alone after a few looks") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          std::vector<void*> blocks;
          for (int i = 0; i < 200; ++i) {
            blocks.push_back(plain_block(64));
            static_cast<uint64_t*>(blocks.back())[0] = 1;
            static_cast<uint64_t*>(blocks.back())[1] = 2;
            capture::settle_pending();
          }
          TRACK_EXPECT(view.blocks(false).size() <= 1);  // a second look may be under way
          uint64_t never = 0;
          const auto* sites = view.entries<wire::Site>(wire::SectionKind::sites);
          for (uint64_t i = 0; i < wire::kSiteCapacity; ++i)
            never += sites[i].state.load() == wire::SiteState::never;
          TRACK_EXPECT(never == 1);
          for (void* block : blocks) hooked_delete(block);
          TRACK_EXPECT(created() == 0 && destroyed() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("The sites of a small program lie on a few pages") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const auto blocks = blocks_of_sites(std::make_integer_sequence<int, 100>());
          const core::Place& sites = core::place_of(wire::SectionKind::sites);
          uint64_t known = 0, pages = 0;
          for (uint64_t at = sites.offset; at < sites.offset + sites.bytes; at += 4096) {
            if (!core::is_reserved(core::recording.base + at)) continue;
            ++pages;
            const auto* site = reinterpret_cast<const wire::Site*>(core::recording.base + at);
            for (uint64_t i = 0; i < 4096 / sizeof *site; ++i)
              known += site[i].return_address.load() != 0;
          }
          TRACK_EXPECT(known >= 100 && pages <= 10);
          for (void* block : blocks) hooked_delete(block);
          return 0;
        }) == 0);
}

TEST_CASE("Blocks that only look like frames in part are none") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          const auto function = reinterpret_cast<uint64_t>(&plain_block);
          const auto other = reinterpret_cast<uint64_t>(&hooked_delete);
          const uint64_t heads[][2] = {
              {function, function},  {function, 0},         {0, 0x1000},       {0, other + 1},
              {function + 1, other}, {function, other + 1}, {function, 0x1000}};
          std::vector<void*> blocks;
          for (const auto& head : heads) {
            auto* block = static_cast<uint64_t*>(plain_block(64));
            block[0] = head[0];
            block[1] = head[1];
            blocks.push_back(block);
            capture::settle_pending();
          }
          TRACK_EXPECT(view.blocks(true).empty());
          for (void* block : blocks) hooked_delete(block);
          return 0;
        }) == 0);
}

TEST_CASE("A site shared by frames and plain blocks keeps finding its frames") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          // One allocator for all, as a pool or a custom operator new has it.
          static auto shared = [](size_t bytes) __attribute__((noinline)) {
            void* block = hooked_new(bytes);
            asm volatile("" ::: "memory");
            return block;
          };
          struct Pooled {
            struct promise_type {
              Pooled get_return_object() {
                return {std::coroutine_handle<promise_type>::from_promise(*this)};
              }
              std::suspend_always initial_suspend() { return {}; }
              std::suspend_always final_suspend() noexcept { return {}; }
              void return_void() {}
              void unhandled_exception() {}
              static void* operator new(size_t bytes) { return shared(bytes); }
              static void operator delete(void* block) { hooked_delete(block); }
            };
            std::coroutine_handle<promise_type> handle;
          };
          auto coroutine = [](int n) -> Pooled {
            volatile int kept = n;
            co_await std::suspend_always{};
            kept = kept + 1;
          };
          std::vector<Pooled> tasks;
          std::vector<void*> blocks;
          for (int i = 0; i < 500; ++i) {
            tasks.push_back(coroutine(i));
            blocks.push_back(shared(80));
            static_cast<uint64_t*>(blocks.back())[0] = static_cast<uint64_t>(i);
          }
          capture::settle_pending();
          const auto frames = view.blocks(true);
          size_t found = 0;
          for (const auto& task : tasks)
            found += frames.count(reinterpret_cast<uint64_t>(task.handle.address()));
          TRACK_EXPECT(found == 500);
          for (void* block : blocks)
            TRACK_EXPECT(frames.count(reinterpret_cast<uint64_t>(block)) == 0);
          for (auto& task : tasks) task.handle.destroy();
          for (void* block : blocks) hooked_delete(block);
          TRACK_EXPECT(view.blocks(true).empty());
          return 0;
        }) == 0);
}

TEST_CASE("Frames that their allocator has written into again make no site a shared one") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          for (int i = 0; i < 20; ++i) {
            // As asio keeps a block that it will give out again: its size in the first byte.
            auto* kept = static_cast<unsigned char*>(one_kind(i).handle.address());
            kept[0] = static_cast<unsigned char>(kept[0] | 7);
            if (i % 2 == 0) capture::settle_pending();
            hooked_delete(kept);
          }
          const Task task = one_kind(0);
          capture::settle_pending();
          TRACK_EXPECT(view.blocks(true).count(task.address()) == 1);
          const auto* sites = view.entries<wire::Site>(wire::SectionKind::sites);
          for (uint64_t i = 0; i < wire::kSiteCapacity; ++i) {
            TRACK_EXPECT(sites[i].state.load() != wire::SiteState::mixed);
            TRACK_EXPECT(sites[i].others_seen.load() == 0);
          }
          return 0;
        }) == 0);
}

TEST_CASE("Null and a function make a frame only where that destroys frames") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          // As asio's operations stand in a queue: the next one, and who completes it.
          for (int i = 0; i < 5000; ++i) {
            auto* operation = static_cast<uint64_t*>(plain_block(48));
            operation[0] = 0;
            operation[1] = reinterpret_cast<uint64_t>(&plain_block);
            if (i == 0) {
              capture::settle_pending();
              const uint64_t used =
                  core::entries_used<wire::CoroutineSlot>(wire::SectionKind::coroutines);
              for (uint64_t n = 0; n < used; ++n)  // kept for `track`, which may know better
                TRACK_EXPECT(!capture::holds_frame(core::recording.coroutines[n]));
            }
            hooked_delete(operation);
          }
          capture::settle_pending();
          const test::RecordingView view(core::recording.path);
          const auto* sites = view.entries<wire::Site>(wire::SectionKind::sites);
          uint64_t learned = 0;
          for (uint64_t i = 0; i < wire::kSiteCapacity; ++i) {
            TRACK_EXPECT(sites[i].state.load() != wire::SiteState::coroutine);
            learned += sites[i].state.load() == wire::SiteState::never;
          }
          TRACK_EXPECT(learned == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Coroutines that are done before anybody looks are listed") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          std::vector<uint64_t> done;
          for (int i = 0; i < 100; ++i) {
            const Task task = one_kind(i);
            task.handle.resume();
            task.handle.resume();
            TRACK_EXPECT(task.handle.done());
            done.push_back(task.address());
          }
          capture::settle_pending();
          const test::RecordingView view(core::recording.path);
          const auto frames = view.blocks(true);
          for (const uint64_t address : done) TRACK_EXPECT(frames.count(address) == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Inside, a block is a frame as long as its memory says so") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          std::vector<Task> tasks;
          for (int i = 0; i < 200; ++i) tasks.push_back(one_kind(i));
          capture::settle_pending();
          std::vector<const wire::CoroutineSlot*> slots;
          const uint64_t used =
              core::entries_used<wire::CoroutineSlot>(wire::SectionKind::coroutines);
          for (uint64_t i = 0; i < used; ++i)
            if (core::recording.coroutines[i].address.load() != 0)
              slots.push_back(core::recording.coroutines + i);
          TRACK_EXPECT(slots.size() == 200);
          constexpr unsigned kSome = capture::kMostAtOnce;
          TRACK_EXPECT(capture::frames_held(slots.data(), kSome) == UINT64_MAX);
          // Its allocator has given one out again, without the hooks; one is done.
          auto* other = reinterpret_cast<uint64_t*>(slots[3]->address.load());
          other[0] = other[1] = 64;
          reinterpret_cast<uint64_t*>(slots[5]->address.load())[0] = 0;
          TRACK_EXPECT(capture::frames_held(slots.data(), kSome) == ~(uint64_t{1} << 3));
          TRACK_EXPECT(!capture::holds_frame(*slots[3]));
          TRACK_EXPECT(capture::holds_frame(*slots[5]));
          // Others whose memory is gone meanwhile.
          const_cast<wire::CoroutineSlot*>(slots[0])->address.store(16);
          const_cast<wire::CoroutineSlot*>(slots[63])->address.store(16);
          const_cast<wire::CoroutineSlot*>(slots[7])->address.store(0);
          TRACK_EXPECT(capture::frames_held(slots.data(), kSome) ==
                       ~(uint64_t{1} | uint64_t{1} << 3 | uint64_t{1} << 7 | uint64_t{1} << 63));
          TRACK_EXPECT(capture::frames_held(slots.data(), 0) == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Frames made and destroyed by different threads balance out") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const test::RecordingView view(core::recording.path);
          constexpr int kThreads = 4, kEach = test::kSanitized ? 500 : 5000;
          std::vector<Task> made[kThreads];
          std::vector<std::thread> threads;
          for (auto& tasks : made)
            threads.emplace_back([&] {
              for (int i = 0; i < kEach; ++i) tasks.push_back(one_kind(i));
            });
          for (auto& thread : threads) thread.join();
          TRACK_EXPECT(view.blocks(true).size() == kThreads * kEach);
          threads.clear();
          for (int t = 0; t < kThreads; ++t)
            threads.emplace_back([&, t] {
              for (auto& task : made[(t + 1) % kThreads]) task.handle.destroy();
            });
          for (auto& thread : threads) thread.join();
          TRACK_EXPECT(view.blocks(false).empty());
          const auto& counters = view.header().counters;
          TRACK_EXPECT(counters.coroutines_created_by_gone.load() == kThreads * kEach);
          TRACK_EXPECT(counters.coroutines_destroyed_by_gone.load() == kThreads * kEach);
          return 0;
        }) == 0);
}

TEST_CASE("A fork child forgets its parent's frames and fibers") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const Task task = one_kind(1);
          capture::settle_pending();
          const uint64_t stack = 0x7f0000000000;
          const uint32_t fiber = core::claim_fiber(stack, stack + 0x10000);
          TRACK_EXPECT(fiber != 0);
          core::fiber_slot(fiber).state.store(wire::FiberState::suspended);
          core::BusyScope busy;
          TRACK_EXPECT(core::with_block(task.address(), [](auto&) { return true; }));
          capture::restart_coroutines_after_fork(false);
          TRACK_EXPECT(!core::with_block(task.address(), [](auto&) { return true; }));
          TRACK_EXPECT(core::fiber_at(stack) == 0);
          TRACK_EXPECT(!core::may_be_tracked(reinterpret_cast<void*>(stack)));
          task.handle.destroy();
          return 0;
        }) == 0);
}

TEST_CASE("With option coroutines=0 nothing is looked at") {
  CHECK(in_child([] {
          if (!test::start_recording("coroutines=0")) return __LINE__;
          capture::start_coroutines();
          const test::RecordingView view(core::recording.path);
          auto task = one_kind(1);
          capture::settle_pending();
          TRACK_EXPECT(view.blocks(false).empty());
          task.handle.destroy();
          return 0;
        }) == 0);
}
