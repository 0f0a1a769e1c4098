#include "libtrack/core/memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "libtrack/wire/recording.h"

using namespace track::core;

namespace {
bool zero(const void* p, size_t n) {
  const auto* bytes = static_cast<const unsigned char*>(p);
  return std::all_of(bytes, bytes + n, [](unsigned char b) { return b == 0; });
}
}  // namespace

TEST_CASE("Memory that is cleared is zero again, its neighbours are as they were") {
  for (const size_t bytes : {size_t{64}, size_t{4096}, size_t{20000}, size_t{200000}}) {
    auto* before = static_cast<unsigned char*>(allocate(64));
    auto* memory = static_cast<unsigned char*>(allocate(bytes));
    auto* after = static_cast<unsigned char*>(allocate(64));
    std::memset(before, 7, 64);
    std::memset(memory, 7, bytes);
    std::memset(after, 7, 64);
    clear(memory, bytes);
    CHECK(std::all_of(memory, memory + bytes, [](unsigned char c) { return c == 0; }));
    CHECK(std::all_of(before, before + 64, [](unsigned char c) { return c == 7; }));
    CHECK(std::all_of(after, after + 64, [](unsigned char c) { return c == 7; }));
    memory[bytes - 1] = 1;
    CHECK(memory[bytes - 1] == 1);
  }
}

TEST_CASE("Blocks are zero-filled and 64-byte aligned, small and large") {
  for (size_t bytes : {size_t{1}, size_t{64}, size_t{65}, size_t{4096}, size_t{65536},
                       size_t{65537}, size_t{3000000}}) {
    void* p = allocate(bytes);
    REQUIRE(p != nullptr);
    CHECK(reinterpret_cast<uint64_t>(p) % 64 == 0);
    CHECK(zero(p, bytes));
    std::memset(p, 0xff, bytes);
  }
}

TEST_CASE("More than the kernel gives is null, and the next request works") {
  CHECK(allocate(size_t{1} << 50) == nullptr);
  CHECK(allocate(100) != nullptr);
}

TEST_CASE("Blocks of many threads never overlap") {
  constexpr int kThreads = 8, kBlocks = 4000;
  std::vector<std::pair<uint64_t, uint64_t>> extents[kThreads];
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kBlocks; ++i) {
        const size_t bytes = 1 + static_cast<size_t>((i * 37 + t * 101) % 900);
        void* p = allocate(bytes);
        if (!zero(p, bytes)) return;  // missing blocks fail the count below
        std::memset(p, t + 1, bytes);
        extents[t].push_back({reinterpret_cast<uint64_t>(p), bytes});
      }
    });
  for (auto& thread : threads) thread.join();
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (const auto& some : extents) all.insert(all.end(), some.begin(), some.end());
  REQUIRE(all.size() == kThreads * kBlocks);
  std::sort(all.begin(), all.end());
  uint64_t overlaps = 0;
  for (size_t i = 1; i < all.size(); ++i)
    overlaps += all[i - 1].first + all[i - 1].second > all[i].first;
  CHECK(overlaps == 0);
}

TEST_CASE("A pool gives the block that came back last") {
  BlockPool pool(256);
  void* a = pool.take();
  void* b = pool.take();
  REQUIRE(a != b);
  pool.give(a);
  pool.give(b);
  CHECK(pool.take() == b);
  CHECK(pool.take() == a);
  CHECK(pool.take() != a);
}

TEST_CASE("A block has one owner at a time while eight threads take and give") {
  BlockPool pool(128);
  std::atomic<uint64_t> shared{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50000; ++i) {
        // Word 0 is the pool's; word 1 counts owners.
        auto* block = static_cast<uint64_t*>(pool.take());
        if (__atomic_add_fetch(block + 1, 1, __ATOMIC_RELAXED) != 1) ++shared;
        __atomic_sub_fetch(block + 1, 1, __ATOMIC_RELAXED);
        pool.give(block);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(shared == 0);
}

TEST_CASE("every block lies in an arena that a reader finds") {
  const auto listed = [](const void* block) {
    const auto at = reinterpret_cast<uint64_t>(block);
    for (uint64_t arena = arenas().load(); arena != 0;) {
      const auto* head = reinterpret_cast<const track::wire::Arena*>(arena);
      if (at >= arena && at - arena < head->bytes) return true;
      arena = head->older;
    }
    return false;
  };
  for (const size_t bytes : {size_t{64}, size_t{60000}, size_t{65536}, size_t{1} << 20})
    CHECK(listed(allocate(bytes)));
  int local = 0;
  CHECK_FALSE(listed(&local));
}
