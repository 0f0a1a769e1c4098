// The heap of a child, damaged at random where malloc keeps its books: whatever stands there, the
// walk ends, gives blocks that lie where memory is, in order and apart, and marking can use them.
// usage: heap_fuzz ROUNDS SEED
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "cli/analyze/mark.h"
#include "cli/process/heap_glibc.h"
#include "cli/process/image.h"

namespace {

using namespace track;

void use_heap(unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<void*> blocks;
  for (int i = 0; i < 3000; ++i) {
    blocks.push_back(std::malloc(16 + random() % (i % 50 == 0 ? 40000 : 400)));
    if (random() % 3 == 0) {
      const size_t which = random() % blocks.size();
      std::free(blocks[which]);
      blocks[which] = nullptr;
    }
  }
  static std::vector<std::vector<void*>> kept;
  kept.push_back(std::move(blocks));
}

pid_t start_child() {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    use_heap(1);
    std::thread([] { use_heap(2); }).join();
    void* large = std::malloc(1 << 20);
    if (write(ends[1], &large, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  if (read(ends[0], &byte, 1) != 1) std::abort();
  close(ends[0]);
  close(ends[1]);
  return child;
}

// Copies that may be written to.
struct Memory {
  explicit Memory(const process::MemoryCopy& copy) {
    for (const MemoryRegion& region : copy.regions())
      bytes.emplace_back(region.bytes.begin(), region.bytes.end());
    for (size_t i = 0; i < bytes.size(); ++i)
      regions.push_back({copy.regions()[i].address, bytes[i]});
  }
  std::byte* at(uint64_t address) {
    for (size_t i = 0; i < regions.size(); ++i)
      if (address >= regions[i].address && address + 8 <= regions[i].end())
        return bytes[i].data() + (address - regions[i].address);
    return nullptr;
  }
  std::vector<std::vector<std::byte>> bytes;
  std::vector<MemoryRegion> regions;
};

const char* wrong(const process::HeapBlocks& heap, Memory& memory) {
  uint64_t end = 0;
  for (const MemoryBlock& block : heap.blocks) {
    if (block.address < end) return "blocks overlap or are not in order";
    if (block.bytes == 0 || block.end() <= block.address) return "a block is empty or wraps";
    if (memory.at(block.address) == nullptr) return "a block lies where no memory is";
    end = block.end();
  }
  return nullptr;
}

uint64_t nasty(std::mt19937_64& random, uint64_t before, const std::vector<MemoryBlock>& blocks) {
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return ~uint64_t{0};
    case 2:
      return before ^ uint64_t { 1 } << random() % 64;
    case 3:
      return random();
    case 4:
      return before + 16 * (random() % 64);
    case 5:
      return blocks[random() % blocks.size()].address - 16;
    case 6:
      return blocks[random() % blocks.size()].address;
    default:
      return random() % 4096 * 16 | (random() & 7);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 1000;
  std::mt19937_64 random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  const pid_t child = start_child();
  const ProcessImage image = process::look_at_process(child);
  const process::MemoryCopy copy(image, {});
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  Memory memory(copy);
  const process::HeapBlocks whole = process::read_glibc_heap(image, memory.regions);
  if (!whole.found || whole.blocks.size() < 3000 || !whole.problems.empty()) {
    std::printf("the undamaged heap is not understood: %zu blocks\n", whole.blocks.size());
    return 1;
  }
  long told = 0;
  for (long round = 0; round < rounds; ++round) {
    std::vector<std::pair<std::byte*, uint64_t>> undo;
    const int damages = 1 + static_cast<int>(random() % 6);
    for (int i = 0; i < damages; ++i) {
      // Heads of chunks, links of free ones, an arena's own words, tables of freed blocks.
      const uint64_t block = whole.blocks[random() % whole.blocks.size()].address;
      const AddressRange& heap = whole.heaps[random() % whole.heaps.size()];
      const uint64_t places[] = {block - 8, block - 16, block + 8 * (random() % 80),
                                 heap.start + 8 * (random() % 300)};
      std::byte* at = memory.at(places[random() % 4] & ~uint64_t{7});
      if (at == nullptr) continue;
      uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      undo.emplace_back(at, word);
      word = nasty(random, word, whole.blocks);
      std::memcpy(at, &word, sizeof word);
    }
    const process::HeapBlocks heap = process::read_glibc_heap(image, memory.regions);
    told += !heap.problems.empty() || !heap.found;
    if (const char* why = wrong(heap, memory)) {
      std::printf("round %ld: %s\n", round, why);
      return 1;
    }
    if (round % 16 == 0) {
      analyze::Marker marker(memory.regions, heap.blocks);
      for (const MemoryRegion& region : memory.regions)
        marker.mark_from(region.bytes.first(std::min<size_t>(region.bytes.size(), 65536)),
                         region.address);
      marker.finish();
    }
    for (auto one = undo.rbegin(); one != undo.rend(); ++one)
      std::memcpy(one->first, &one->second, sizeof one->second);
  }
  std::printf("%ld damaged heaps, %ld called damaged\n", rounds, told);
  return told == 0;
}
