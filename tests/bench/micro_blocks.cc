// What allocating and freeing costs a program that does it from eight places, some 20 frames deep,
// in sizes of every kind and with a thousand blocks alive.
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "tests/bench/micro.h"

namespace track::bench {
namespace {

class Blocks {
 public:
  explicit Blocks(uint64_t seed) : random_(seed) {}
  ~Blocks() {
    for (void* block : blocks_) std::free(block);
  }
  void step() {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    void*& block = blocks_[random_ >> 54];
    std::free(block);
    // Three of four are below 256 bytes, one of 64 above 4 KiB.
    const uint64_t bits = random_ >> 32 & 63;
    const size_t range = bits < 48 ? 240 : bits < 63 ? 2000 : 16000;
    block = allocate(16 + ((random_ >> 16 & 0xffff) * range >> 16), bits & 7);
  }

 private:
  template <int kPlace>
  [[gnu::noinline]] static void* from(size_t size) {
    char room[8 + kPlace * 24];
    asm volatile("" ::"r"(room) : "memory");
    void* block = std::malloc(size);
    asm volatile("" ::"r"(block), "r"(room) : "memory");
    return block;
  }
  static void* allocate(size_t size, uint64_t place) {
    static constexpr void* (*kPlaces[])(size_t) = {from<0>, from<1>, from<2>, from<3>,
                                                   from<4>, from<5>, from<6>, from<7>};
    return kPlaces[place](size);
  }

  std::array<void*, 1024> blocks_{};
  uint64_t random_;
};

double measure(double seconds, uint64_t seed) {
  Blocks blocks(seed);
  return measure_ns(seconds, 10000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) blocks.step();
  });
}

template <int kDepth>
[[gnu::noinline]] double below(double seconds, uint64_t seed) {
  char block[8 + kDepth * 40 % 200];  // frames of different sizes
  asm volatile("" ::"r"(block) : "memory");
  double result = 0;
  if constexpr (kDepth > 0)
    result = below<kDepth - 1>(seconds, seed);
  else
    result = measure(seconds, seed);
  asm volatile("" ::"r"(block) : "memory");  // no tail call
  return result;
}

struct Rival {
  double seconds;
  double cost = 0;
};

}  // namespace

double blocks_ns(double seconds, bool two_threads) {
  Rival rival{seconds};
  pthread_t thread;
  if (two_threads && pthread_create(
                         &thread, nullptr,
                         [](void* argument) -> void* {
                           auto& other = *static_cast<Rival*>(argument);
                           other.cost = below<14>(other.seconds, 7);
                           return nullptr;
                         },
                         &rival) != 0)
    std::abort();
  const double cost = below<13>(seconds, 1);
  if (!two_threads) return cost;
  pthread_join(thread, nullptr);
  return (cost + rival.cost) / 2;  // of each thread's own operations
}

}  // namespace track::bench
