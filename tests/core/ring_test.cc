#include "libtrack/core/ring.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <barrier>
#include <map>
#include <thread>
#include <vector>

#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;

namespace {

constexpr int kThreads = 8;
constexpr uint64_t kPushes = test::kSanitized ? 20000 : 1000000;

// Every word of a record follows from (thread, number): a torn one shows.
wire::Event make_event(uint64_t thread, uint64_t number) {
  const uint64_t object = thread << 32 | number;
  return {object * 7 + 1,
          object,
          static_cast<uint32_t>(number ^ 0x55555555),
          static_cast<uint32_t>(thread * 3 + number),
          static_cast<float>(number % 4096),
          wire::EventKind::wait_ended,
          static_cast<uint8_t>(number * 5),
          0};
}
bool whole(const wire::Event& e) {
  const wire::Event wanted = make_event(e.object >> 32, e.object & 0xffffffff);
  return e.ticks == wanted.ticks && e.task == wanted.task && e.stack == wanted.stack &&
         e.duration_ticks == wanted.duration_ticks && e.kind == wanted.kind &&
         e.sort == wanted.sort;
}

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

uint64_t heads(const test::RecordingView& view, uint64_t rings = UINT64_MAX) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < std::min(rings, view.ring_count()); ++i) sum += view.ring(i).head.load();
  return sum;
}

// start_threads pushes an event of its own; ours start after it.
int hammer(const std::vector<int>& cpus = {}) {
  const test::RecordingView view(core::recording.path);
  const uint64_t before = heads(view);
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      if (!cpus.empty()) pin(cpus[t % cpus.size()]);
      start.arrive_and_wait();
      for (uint64_t i = 0; i < kPushes; ++i) core::push_event(make_event(t + 1, i));
    });
  for (auto& thread : threads) thread.join();
  TRACK_EXPECT(core::lost().events.load() == 0);
  TRACK_EXPECT(heads(view) - before == kThreads * kPushes);
  uint64_t torn = 0, ours = 0;
  for (const auto& event : view.events()) {
    if (event.kind != wire::EventKind::wait_ended) continue;
    ++ours;
    torn += !whole(event);
  }
  TRACK_EXPECT(torn == 0);
  TRACK_EXPECT(ours >= wire::kRingEvents);
  return 0;
}

}  // namespace

TEST_CASE("Restartable sequences are there, or not, as this run of the test was told") {
  const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  REQUIRE(size != nullptr);
  const char* tunables = getenv("GLIBC_TUNABLES");
  const bool off = tunables != nullptr && std::string(tunables) == "glibc.pthread.rseq=0";
  CHECK((*size == 0) == off);
}

TEST_CASE("A full ring keeps the newest records, in order") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          pin(sched_getcpu());
          const test::RecordingView view(core::recording.path);
          const uint64_t before = heads(view);
          constexpr uint64_t kMany = wire::kRingEvents * 2 + 37;
          for (uint64_t i = 0; i < kMany; ++i) core::push_event(make_event(1, i));
          TRACK_EXPECT(heads(view) - before == kMany);
          std::map<uint64_t, uint64_t> seen;
          for (const auto& event : view.events())
            if (event.object >> 32 == 1 && whole(event)) ++seen[event.object & 0xffffffff];
          TRACK_EXPECT(seen.size() == wire::kRingEvents);
          TRACK_EXPECT(seen.begin()->first == kMany - wire::kRingEvents);
          TRACK_EXPECT(seen.rbegin()->first == kMany - 1);
          TRACK_EXPECT(core::lost().events.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Eight threads lose and tear no record") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          return hammer();
        }) == 0);
}

// The process starts confined to one CPU and is let out later: its CPUs have no ring of their own.
TEST_CASE("Threads on CPUs that were not allowed at the start lose and tear no record") {
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  if (CPU_COUNT(&all) < 2) {
    MESSAGE("skipped: needs two CPUs");
    return;
  }
  CHECK(in_child([&] {
          std::vector<int> cpus;
          for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &all)) cpus.push_back(cpu);
          pin(cpus[0]);
          if (!test::start_recording()) return __LINE__;
          return hammer(cpus);
        }) == 0);
}

TEST_CASE("A pooled ring is written by one thread at a time, and an event without one is counted") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto& rings = test::section(wire::SectionKind::rings);
          auto* mapped = core::section_start<char>(wire::SectionKind::rings);
          const uint64_t first = view.ring_count() - wire::kPooledRings;
          TRACK_EXPECT(rings.bytes / wire::kRingStride == view.ring_count());
          for (uint64_t i = first; i < view.ring_count(); ++i) {
            core::reserve(mapped + i * wire::kRingStride, 64);
            reinterpret_cast<wire::Ring*>(mapped + i * wire::kRingStride)->owner.store(77);
          }
          const uint64_t before = heads(view);
          core::push_event(make_event(1, 0));
          const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
          const bool pooled = *size == 0;
          TRACK_EXPECT(core::lost().events.load() == (pooled ? 1u : 0u));
          TRACK_EXPECT(heads(view) - before == (pooled ? 0u : 1u));
          return 0;
        }) == 0);
}

TEST_CASE("Records without room are counted as lost and nothing is touched") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const auto& rings = test::section(wire::SectionKind::rings);
          // The file shrinks as on a file system that gave its space back: a touch is SIGBUS.
          TRACK_EXPECT(truncate(core::recording.path, static_cast<off_t>(rings.offset)) == 0);
          std::memset(core::reserved_pages + (rings.offset >> 12), 0, rings.bytes >> 12);
          core::restart_rings_after_fork();  // as whoever takes pages away
          for (uint64_t i = 0; i < 1000; ++i) core::push_event(make_event(1, i));
          TRACK_EXPECT(core::lost().events.load() == 1000);
          TRACK_EXPECT(core::lost().memory.load() >= 1);
          return 0;
        }) == 0);
}

TEST_CASE("A ring that got some room and no more keeps what it has and counts the rest") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          pin(sched_getcpu());
          const test::RecordingView view(core::recording.path);
          const uint64_t before = heads(view);
          core::push_event(make_event(1, 0));
          uint64_t ring = 0;
          while (view.ring(ring).head.load() == 0) ++ring;
          const auto& rings = test::section(wire::SectionKind::rings);
          const uint64_t end = rings.offset + ring * wire::kRingStride + 36864;
          TRACK_EXPECT(truncate(core::recording.path, static_cast<off_t>(end)) == 0);
          for (uint64_t i = 1; i < 3000; ++i) core::push_event(make_event(1, i));
          const uint64_t kept = view.ring(ring).head.load();
          // Pooled rings that still have room take the rest; nothing goes missing uncounted.
          TRACK_EXPECT(heads(view, ring + 1) - before + core::lost().events.load() == 3000);
          TRACK_EXPECT(view.ring(ring).failed.load() == 1);
          for (uint64_t i = 0; i < kept; ++i) {
            const auto& event = view.ring(ring).events[i];
            TRACK_EXPECT(event.kind != wire::EventKind::wait_ended || whole(event));
          }
          return 0;
        }) == 0);
}
