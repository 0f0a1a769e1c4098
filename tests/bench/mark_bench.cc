// Seconds a GiB of conservative marking, one core: small blocks that refer to each other at random,
// and large blocks without references. usage: mark_bench [GIB]
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "cli/analyze/disguises.h"
#include "cli/analyze/mark.h"

namespace {

using track::MemoryBlock;
using track::MemoryRegion;
// Of processor time: other work on the machine counts only as far as it takes the caches.
double now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds_since(double start) {
  return now() - start;
}

// splitmix64: the memory is made faster than it is marked.
struct Random {
  uint64_t state = 7;
  uint64_t operator()() {
    uint64_t word = state += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
  }
};

struct Heap {
  uint64_t* words = nullptr;
  size_t bytes = 0;
  std::vector<MemoryBlock> blocks;
  uint64_t address_of(size_t block) const { return blocks[block].address; }
  uint64_t* words_of(size_t block) const { return words + (blocks[block].address - kAddress) / 8; }
  static constexpr uint64_t kAddress = 0x7f3a5c000000;
};

// As the copy of a process lies.
uint64_t* room(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<uint64_t*>(memory);
}

Heap small_blocks(size_t bytes, double density, Random& random) {
  Heap heap;
  heap.bytes = bytes;
  heap.words = room(bytes);
  for (uint64_t at = 0; at < bytes;) {
    // 200 bytes in the mean, with malloc's 8 bytes of header.
    const uint64_t chunk =
        std::min(16 * (2 + random() % (random() % 8 != 0 ? 16 : 60)), bytes - at);
    if (chunk >= 32) heap.blocks.push_back({Heap::kAddress + at, chunk - 8});
    at += chunk;
  }
  const size_t count = heap.blocks.size();
  for (size_t i = 0; i < count; ++i) {
    uint64_t* word = heap.words_of(i);
    word[0] = heap.address_of(random() % 4 == 0 ? (i + 1) % count : random() % count);
    for (size_t k = 1; k < heap.blocks[i].bytes / 8; ++k)
      word[k] = static_cast<double>(random() % 1024) < density * 1024
                    ? heap.address_of(random() % count)
                    : random() % 2 * (random() & 0xffffff);
  }
  return heap;
}

Heap large_blocks(size_t bytes, Random& random) {
  Heap heap;
  heap.bytes = bytes;
  heap.words = room(bytes);
  for (size_t i = 0; i < bytes / 8; i += 64) heap.words[i] = random();
  constexpr uint64_t kBlock = 1 << 20;
  for (uint64_t at = 0; at + kBlock <= bytes; at += kBlock)
    heap.blocks.push_back({Heap::kAddress + at, kBlock - 16});
  for (size_t i = 0; i < heap.blocks.size(); ++i)
    heap.words_of(i)[7] = heap.address_of((i + 1) % heap.blocks.size());
  return heap;
}

void measure(const char* what, const Heap& heap) {
  const MemoryRegion region{Heap::kAddress, std::as_bytes(std::span(heap.words, heap.bytes / 8))};
  std::vector<double> marking, building, thorough;
  uint64_t reached = 0;
  for (int round = 0; round < 3; ++round) {
    auto start = now();
    track::analyze::Marker marker({&region, 1}, heap.blocks);
    building.push_back(seconds_since(start));
    start = now();
    marker.mark_word(heap.address_of(0), 8);
    marker.finish();
    marking.push_back(seconds_since(start));
    // As if every 4096th block were lost, and looked for once more.
    std::vector<track::analyze::Cell> lost;
    for (track::analyze::Cell cell = 0; cell < marker.map().cells(); cell += 4096)
      if (marker.map().is_block(cell)) lost.push_back(cell);
    start = now();
    track::analyze::Disguises disguises(marker.map(), lost, 0x123456789abcdef);
    disguises.search(region.bytes, region.address);
    thorough.push_back(seconds_since(start));
    reached = 0;
    for (track::analyze::Cell cell = 0; cell < marker.map().cells(); ++cell)
      if (marker.reached(cell)) reached += marker.map().at(cell).bytes;
  }
  std::sort(marking.begin(), marking.end());
  std::sort(building.begin(), building.end());
  std::sort(thorough.begin(), thorough.end());
  const double gib = static_cast<double>(reached) / (1 << 30);
  std::printf(
      "%-22s %8zu blocks  reached %.2f GiB  mark %.2f s/GiB  build %.2f s/GiB  "
      "disguises %.2f s/GiB\n",
      what, heap.blocks.size(), gib, marking[1] / gib, building[1] / gib,
      thorough[1] / (static_cast<double>(heap.bytes) / (1 << 30)));
}

}  // namespace

int main(int argc, char** argv) {
  const double gib = argc > 1 ? std::atof(argv[1]) : 1.0;
  const size_t bytes = static_cast<size_t>(gib * (1 << 30)) & ~size_t{4095};
  Random random;
  for (const double density : {0.05, 0.125, 0.30}) {
    const Heap heap = small_blocks(bytes, density, random);
    char what[64];
    std::snprintf(what, sizeof what, "small, %.1f%% pointers", density * 100);
    measure(what, heap);
    munmap(heap.words, heap.bytes);
  }
  const Heap heap = large_blocks(bytes, random);
  measure("large, few pointers", heap);
  return 0;
}
