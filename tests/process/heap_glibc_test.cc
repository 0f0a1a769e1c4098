// The heaps of children that allocated what they say they did.
#include "cli/process/heap_glibc.h"

#include <doctest/doctest.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "cli/process/image.h"
#include "cli/process/region_reader.h"

using namespace track;

namespace {

struct Said {
  uint64_t address = 0;
  uint64_t usable = 0;
  uint64_t used = 0;  // 0: freed
};

// What `allocate` reported of itself, and the child, which then waits to be killed.
class Child {
 public:
  template <typename Allocate>
  explicit Child(Allocate allocate) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      static std::vector<Said> said;
      said.reserve(4096);
      allocate(said);
      const size_t bytes = said.size() * sizeof(Said);
      if (write(ends[1], said.data(), bytes) != static_cast<ssize_t>(bytes)) _exit(1);
      close(ends[1]);
      for (;;) pause();
    }
    close(ends[1]);
    for (Said one; read(ends[0], &one, sizeof one) == sizeof one;) said.push_back(one);
    close(ends[0]);
    image = process::look_at_process(pid_);
    copy = process::MemoryCopy(image, {});
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  std::vector<Said> said;
  ProcessImage image;
  process::MemoryCopy copy;

 private:
  pid_t pid_ = 0;
};

void note(std::vector<Said>& said, void* block, bool used) {
  said.push_back({reinterpret_cast<uint64_t>(block), malloc_usable_size(block), used});
  if (!used) free(block);
}

const MemoryBlock* block_at(const process::HeapBlocks& heap, uint64_t address) {
  const auto at = std::lower_bound(
      heap.blocks.begin(), heap.blocks.end(), address,
      [](const MemoryBlock& block, uint64_t value) { return block.address < value; });
  return at != heap.blocks.end() && at->address == address ? &*at : nullptr;
}

void check_all(const process::HeapBlocks& heap, const std::vector<Said>& said) {
  REQUIRE(heap.found);
  REQUIRE_FALSE(said.empty());
  uint64_t wrong = 0;
  for (const Said& one : said) {
    const MemoryBlock* block = block_at(heap, one.address);
    const bool right =
        one.used != 0 ? block != nullptr && block->bytes == one.usable : block == nullptr;
    if (!right && wrong++ == 0)
      MESSAGE("block ", one.address, " of ", one.usable, " used ", one.used);
  }
  for (const std::string& problem : heap.problems) MESSAGE(problem);
  CHECK(wrong == 0);
}

void churn(std::vector<Said>& said) {
  std::vector<void*> kept;
  for (size_t i = 0; i < 600; ++i) kept.push_back(malloc(1 + i * 7 % 1900));
  for (size_t i = 0; i < kept.size(); ++i) note(said, kept[i], i % 3 != 0);
}

}  // namespace

TEST_CASE("used blocks of the main heap are told from freed ones, wherever those wait") {
  const Child child([](std::vector<Said>& said) { churn(said); });
  const process::HeapBlocks heap = process::read_glibc_heap(child.image, child.copy.regions());
  check_all(heap, child.said);
  CHECK(heap.problems.empty());
  CHECK_FALSE(heap.busy);
  CHECK(heap.free_bytes > 0);
}

TEST_CASE("blocks of other threads' arenas are found") {
  const Child child([](std::vector<Said>& said) {
    std::thread([&] {
      note(said, malloc(100000), true);
      churn(said);
    }).join();
  });
  const process::HeapBlocks heap = process::read_glibc_heap(child.image, child.copy.regions());
  check_all(heap, child.said);
  CHECK(heap.problems.empty());
}

// malloc marks what a thread keeps for itself by a word in it, and leaves the word there when it
// goes to another owner through the lists of all.
TEST_CASE("a block that a thread which ended had kept is in use when somebody has it again") {
  const Child child([](std::vector<Said>& said) {
    std::vector<void*> blocks;
    for (int i = 0; i < 40; ++i) blocks.push_back(malloc(24));
    std::thread([&] {
      for (int i = 10; i < 17; ++i) free(blocks[static_cast<size_t>(i)]);
    }).join();
    for (int i = 0; i < 14; ++i) {
      auto* block = static_cast<void**>(malloc(24));
      block[0] = nullptr;  // the rest stays as it came
      note(said, block, true);
    }
    note(said, malloc(100), false);
  });
  check_all(process::read_glibc_heap(child.image, child.copy.regions()), child.said);
}

TEST_CASE("blocks with a mapping of their own are found when all of them are") {
  const Child child([](std::vector<Said>& said) {
    for (int i = 0; i < 5; ++i) {
      void* block = malloc(400000 + static_cast<size_t>(i) * 50000);
      std::fill_n(static_cast<char*>(block), 400000, 'x');
      note(said, block, true);
    }
  });
  const process::HeapBlocks heap = process::read_glibc_heap(child.image, child.copy.regions());
  check_all(heap, child.said);
  CHECK(heap.problems.empty());
}

TEST_CASE("a damaged heap ends the walk there, and what lies behind is nobody's block") {
  const Child child([](std::vector<Said>& said) {
    for (int i = 0; i < 300; ++i) note(said, malloc(600), true);
    const uint64_t middle = said[150].address;
    *reinterpret_cast<uint64_t*>(middle - 8) = 0x123456789;
  });
  const process::HeapBlocks heap = process::read_glibc_heap(child.image, child.copy.regions());
  REQUIRE(heap.found);
  REQUIRE(heap.problems.size() == 1);
  CHECK(heap.problems.front().find("damaged") != std::string::npos);
  CHECK(block_at(heap, child.said[100].address) != nullptr);
  CHECK(block_at(heap, child.said[200].address) == nullptr);
  for (const AddressRange& range : heap.heaps) CHECK_FALSE(range.contains(child.said[200].address));
}

TEST_CASE("free lists that run in circles or away end") {
  const Child child([](std::vector<Said>& said) {
    std::vector<void*> blocks;
    for (int i = 0; i < 40; ++i) blocks.push_back(malloc(40));
    for (void* block : blocks) free(block);  // the first 7 to the thread's cache, then fast bins
    // The last freed one's link leads back to itself.
    auto* last = static_cast<uint64_t*>(blocks.back());
    *last = (reinterpret_cast<uint64_t>(last) - 16) ^ (reinterpret_cast<uint64_t>(last) >> 12);
    said.push_back({reinterpret_cast<uint64_t>(blocks.back()), 40, 0});
  });
  const process::HeapBlocks heap = process::read_glibc_heap(child.image, child.copy.regions());
  check_all(heap, child.said);
  CHECK_FALSE(heap.problems.empty());
}

TEST_CASE("random damage is survived") {
  const Child child([](std::vector<Said>& said) { churn(said); });
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<MemoryRegion> regions;
    for (const MemoryRegion& region : child.copy.regions()) {
      bytes.emplace_back(region.bytes.begin(), region.bytes.end());
      regions.push_back({region.address, bytes.back()});
    }
    uint64_t state = seed * 0x9e3779b97f4a7c15u;
    for (auto& region : bytes)
      for (int i = 0; i < 30; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        region[(state >> 16) % region.size()] = static_cast<std::byte>(state >> 56);
      }
    const process::HeapBlocks heap = process::read_glibc_heap(child.image, regions);
    CHECK(std::is_sorted(
        heap.blocks.begin(), heap.blocks.end(),
        [](const MemoryBlock& a, const MemoryBlock& b) { return a.address < b.address; }));
  }
}

TEST_CASE("no heap is found where there is no libc") {
  ProcessImage image;
  CHECK_FALSE(process::read_glibc_heap(image, {}).found);
}
