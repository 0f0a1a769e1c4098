// Fills so many MiB with small live blocks that come from some 65 000 different stacks, and is
// killed: what it leaves, with alloc=exact, is a recording of half that size.
//   live_blocks MIB
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kDepth = 16;  // two ways on at each step
constexpr size_t kBlock = 48;

template <int kLeft>
void* make(unsigned way);

template <int kLeft>
[[gnu::noinline]] void* left(unsigned way) {
  void* block = make<kLeft>(way);
  asm volatile("" : "+r"(block));
  return block;
}
template <int kLeft>
[[gnu::noinline]] void* right(unsigned way) {
  void* block = make<kLeft>(way);
  asm volatile("nop" : "+r"(block));
  return block;
}
template <int kLeft>
void* make(unsigned way) {
  if constexpr (kLeft == 0)
    return std::malloc(kBlock);
  else
    return (way & 1) != 0 ? left<kLeft - 1>(way >> 1) : right<kLeft - 1>(way >> 1);
}

}  // namespace

int main(int count, char** arguments) {
  const size_t bytes = (count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 64) << 20;
  unsigned way = 1;
  for (size_t done = 0; done < bytes; done += kBlock + 16) {
    void* volatile kept = make<kDepth>(way);
    static_cast<void>(kept);
    way = way * 1103515245 + 12345;
  }
  std::raise(SIGKILL);
}
