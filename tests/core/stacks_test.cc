#include "libtrack/core/stacks.h"

#include <doctest/doctest.h>

#include <barrier>
#include <set>
#include <thread>
#include <vector>

#include "libtrack/core/replay.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/core/unwind.h"
#include "tests/support/open_recording.h"
#include "tests/support/recording_view.h"

using namespace track;
using test::in_child;

namespace {

std::vector<uint64_t> make_stack(uint64_t seed) {
  std::vector<uint64_t> frames(1 + seed % 40);
  for (size_t i = 0; i < frames.size(); ++i) frames[i] = 0x10000 + seed * 64 + i;
  return frames;
}
uint32_t intern(const std::vector<uint64_t>& frames, bool truncated = false) {
  const auto depth = static_cast<uint32_t>(frames.size());
  const uint64_t hash = core::hash_frames(frames.data(), depth, core::stack_salt());
  return core::intern_stack(hash, frames.data(), depth, truncated);
}

}  // namespace

TEST_CASE("The same stack is the same reference, another is another, none is 0") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto a = make_stack(1), b = make_stack(2);
          const uint32_t first = intern(a), second = intern(b, true);
          TRACK_EXPECT(first != 0 && second != 0 && first != second);
          TRACK_EXPECT(intern(a) == first);
          TRACK_EXPECT(view.stack(first) == a);
          TRACK_EXPECT(view.stack(second) == b);
          const auto* index = view.entries<wire::StackIndexEntry>(wire::SectionKind::stack_index);
          TRACK_EXPECT(wire::stack_body_flags(index[first].body.load()) == 0);
          TRACK_EXPECT(wire::stack_body_flags(index[second].body.load()) == wire::kStackTruncated);
          TRACK_EXPECT(core::intern_stack(77, nullptr, 0, false) == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A stack whose writer was jumped out of is counted as lost, once") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const auto stack = make_stack(5);
          const uint32_t reference = intern(stack);
          auto* index = core::section_start<wire::StackIndexEntry>(wire::SectionKind::stack_index);
          core::this_thread.writing_stack = reference;
          intern(make_stack(6));
          TRACK_EXPECT(core::lost().stacks.load() == 0);  // the body was there: nothing is lost
          index[reference].body.store(0);
          core::this_thread.writing_stack = reference;
          intern(make_stack(7));
          core::count_unfinished_stack();
          TRACK_EXPECT(core::lost().stacks.load() == 1);
          return 0;
        }) == 0);
}

TEST_CASE("Threads that intern the same stacks at once agree, and each body is written once") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          constexpr int kThreads = 4;
          constexpr uint64_t kStacks = 5000;
          const uint64_t before = view.used(wire::SectionKind::stack_bodies);
          std::vector<uint32_t> references[kThreads];
          std::barrier start(kThreads);
          std::vector<std::thread> threads;
          for (int t = 0; t < kThreads; ++t)
            threads.emplace_back([&, t] {
              start.arrive_and_wait();
              for (uint64_t s = 1; s <= kStacks; ++s)
                references[t].push_back(intern(make_stack(s)));
            });
          for (auto& thread : threads) thread.join();
          uint64_t words = 0;
          for (uint64_t s = 1; s <= kStacks; ++s) {
            words += make_stack(s).size();
            for (const auto& some : references) TRACK_EXPECT(some[s - 1] == references[0][s - 1]);
            TRACK_EXPECT(view.stack(references[0][s - 1]) == make_stack(s));
          }
          TRACK_EXPECT(std::set<uint32_t>(references[0].begin(), references[0].end()).size() ==
                       kStacks);
          TRACK_EXPECT(view.used(wire::SectionKind::stack_bodies) - before == words);
          TRACK_EXPECT(core::lost().stacks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Full tables count what they lose and keep what they have") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("stacks_mb=0"));
          const test::RecordingView view(core::recording.path);
          const uint32_t early = intern(make_stack(1));
          uint64_t without = 0;
          constexpr uint64_t kStacks = 2000;  // some 40000 words; 8192 are there
          for (uint64_t s = 2; s < kStacks; ++s) {
            const uint32_t reference = intern(make_stack(s));
            TRACK_EXPECT(reference != 0);
            const auto frames = view.stack(reference);
            TRACK_EXPECT(frames.empty() || frames == make_stack(s));
            without += frames.empty();
          }
          TRACK_EXPECT(without > 0);
          TRACK_EXPECT(core::lost().stacks.load() == without);
          // The index holds 2^18: far more references than that, one frame each.
          uint64_t refused = 0;
          for (uint64_t s = 0; s < 300000; ++s) refused += intern({0x1000 + s}) == 0;
          TRACK_EXPECT(refused > 0);
          TRACK_EXPECT(core::lost().stacks.load() >= without + refused);
          TRACK_EXPECT(view.stack(early) == make_stack(1));
          TRACK_EXPECT(intern(make_stack(1)) == early);
          return 0;
        }) == 0);
}

TEST_CASE("While there is much room, each of many stacks finds some") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (uint64_t s = 1; s <= 120000; ++s) TRACK_EXPECT(intern({0x1000 + s}) != 0);
          TRACK_EXPECT(core::lost().stacks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A small program's stacks lie on a few pages, which a fork child copies") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          for (uint64_t s = 1; s <= 300; ++s) TRACK_EXPECT(intern(make_stack(s)) != 0);
          const core::Place& index = core::place_of(wire::SectionKind::stack_index);
          uint64_t pages = 0;
          for (uint64_t at = index.offset; at < index.offset + index.bytes; at += 4096)
            pages += core::is_reserved(core::recording.base + at) ? 1 : 0;
          TRACK_EXPECT(pages >= 2 && pages <= 8);
          return 0;
        }) == 0);
}

TEST_CASE("In a copy, what was interned while it was taken is not there, and all else is") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const test::RecordingView view(core::recording.path);
          const auto before = make_stack(5), meanwhile = make_stack(6), begun = make_stack(7);
          const uint32_t kept = intern(before);
          auto& used = test::section(wire::SectionKind::stack_bodies).used;
          const uint64_t counted = used.load();
          const uint32_t later = intern(meanwhile), unfinished = intern(begun);
          auto* index = core::section_start<wire::StackIndexEntry>(wire::SectionKind::stack_index);
          index[unfinished].body.store(0);
          used.store(counted);  // the copy has the header of before, and all entries
          core::restart_stacks_after_fork();
          TRACK_EXPECT(view.stack(kept) == before && intern(before) == kept);
          TRACK_EXPECT(view.stack(later).empty());
          // Its bodies come to lie where the others' lay.
          for (uint64_t s = 30; s < 60; ++s) intern(make_stack(s));
          TRACK_EXPECT(view.stack(intern(meanwhile)) == meanwhile);
          TRACK_EXPECT(view.stack(intern(begun)) == begun);
          TRACK_EXPECT(core::lost().stacks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Bodies that the disk has no room for are lost, not touched") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const auto& bodies = test::section(wire::SectionKind::stack_bodies);
          TRACK_EXPECT(truncate(core::recording.path, static_cast<off_t>(bodies.offset)) == 0);
          TRACK_EXPECT(intern(make_stack(3)) != 0);
          TRACK_EXPECT(core::lost().stacks.load() == 1);
          TRACK_EXPECT(core::lost().memory.load() == 1);
          return 0;
        }) == 0);
}
