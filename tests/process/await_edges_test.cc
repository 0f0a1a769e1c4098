// Frames are arrays of this very process.
#include "cli/process/await_edges.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

using namespace track;

namespace {

constexpr uint32_t kPromiseEnd = 32;

using Words = std::array<uint64_t, 16>;

uint64_t address_of(const Words& words) {
  return reinterpret_cast<uint64_t>(words.data());
}

size_t read_own(uint64_t address, void* to, size_t bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(address), bytes);
  return bytes;
}

// One frame that awaits, and two it may await, in the order of their addresses.
struct Frames {
  std::array<Words, 3> words{};
  Words list{};
  std::array<uint64_t, 128> room{};  // what is read behind the list
  std::vector<Coroutine> all;

  Frames() {
    for (const Words& frame : words) {
      Coroutine coroutine;
      coroutine.address = address_of(frame);
      coroutine.size_bytes = sizeof frame;
      coroutine.state = TaskState::suspended;
      all.push_back(coroutine);
    }
  }
  uint64_t address(size_t nth) const { return address_of(words[nth]); }
  void link() {
    process::AwaitEdges edges(all);
    for (size_t i = 0; i < all.size(); ++i) edges.look(i, words[i], kPromiseEnd);
    edges.finish(read_own);
  }
};

}  // namespace

TEST_CASE("a promise that names a frame whose body names it back: the one awaits the other") {
  Frames f;
  f.words[1][2] = f.address(0);
  f.words[0][8] = f.address(1);
  f.link();
  CHECK(f.all[1].awaited_by == f.address(0));
  CHECK_FALSE(f.all[1].awaited_by_weak);
  CHECK(f.all[0].awaits == f.address(1));
}

TEST_CASE("several that know a counter in a frame are awaited by it when its list names them") {
  Frames f;
  for (const size_t child : {1, 2}) f.words[child][2] = f.address(0) + 72;
  SUBCASE("a list in other memory") {
    f.words[0][8] = address_of(f.list);
    f.list[0] = f.address(1);
    f.list[1] = f.address(2);
    f.link();
    for (const size_t child : {1, 2}) {
      CHECK(f.all[child].awaited_by == f.address(0));
      CHECK_FALSE(f.all[child].awaited_by_weak);
    }
  }
  SUBCASE("nothing leads back: what is pointed at may be a word of another time") {
    f.link();
    CHECK(f.all[1].awaited_by == f.address(0));
    CHECK(f.all[1].awaited_by_weak);
  }
}

TEST_CASE("a finished one belongs to the suspended frame that has its handle") {
  Frames f;
  f.all[2].state = TaskState::done;
  f.words[0][9] = f.address(2);
  f.link();
  CHECK(f.all[2].awaited_by == f.address(0));
  CHECK(f.all[0].awaits == 0);
}

TEST_CASE("one that lies inside of the frame it names in its promise is awaited by it") {
  Frames f;
  Coroutine inner;
  inner.address = f.address(0) + 64;
  inner.inside = true;
  inner.state = TaskState::suspended;
  f.all.insert(f.all.begin() + 1, inner);
  f.words[0][10] = f.address(0);
  process::AwaitEdges edges(f.all);
  edges.look(1, std::span(f.words[0]).subspan(8), 0);
  edges.finish(read_own);
  CHECK(f.all[1].awaited_by == f.address(0));
  CHECK_FALSE(f.all[1].awaited_by_weak);
}
