// leaking MODE: blocks lost in one way, for leaked_blocks.py, which asks LeakSanitizer the same.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#ifdef PAST_THE_HOOKS
extern "C" void tc_free(void*);
extern "C" void* tc_malloc(size_t);
#endif

namespace {

struct Node {
  Node* left = nullptr;
  Node* right = nullptr;
  char* text = nullptr;
};

void* kept[200];  // no destructor: LeakSanitizer looks after those
Node* kept_tree;

[[gnu::noinline]] Node* tree(int depth) {
  if (depth == 0) return nullptr;
  auto* node = new Node;
  node->left = tree(depth - 1);
  node->right = tree(depth - 1);
  return node;
}

[[gnu::noinline]] void c_api() {
  void* block = nullptr;
  if (posix_memalign(&block, 64, 300) != 0) std::abort();
  std::memset(block, 1, 300);
  block = std::calloc(7, 11);
  block = std::realloc(std::malloc(10), 5000);
  static_cast<char*>(block)[4999] = 1;
  block = std::aligned_alloc(32, 96);
  block = memalign(128, 40);
  block = reallocarray(nullptr, 5, 9);
  block = strdup("nobody reads this");
  asm volatile("" ::"r"(block) : "memory");
}

[[gnu::noinline]] void cxx_api() {
  auto* one = new int(1);
  auto* many = new std::string[1];
  struct alignas(64) Wide {
    char room[64];
  };
  auto* wide = new Wide;
  auto* quiet = new (std::nothrow) char[33];
  asm volatile("" ::"r"(one), "r"(many), "r"(wide), "r"(quiet) : "memory");
}

#ifdef PAST_THE_HOOKS
// Stays in the recording's table; what is put in its place must not be called lost.
[[gnu::noinline]] void past_the_hooks() {
  for (int i = 0; i < 100; ++i) {
    tc_free(std::malloc(48));
    auto** block = static_cast<void**>(tc_malloc(48));
    *block = std::malloc(32);
    kept[i] = block;
  }
}
#endif

[[gnu::noinline]] void run(std::string_view mode) {
#ifdef PAST_THE_HOOKS
  if (mode == "none") past_the_hooks();
#endif
  if (mode == "c") c_api();
  if (mode == "cxx") cxx_api();
  if (mode == "tree") asm volatile("" ::"r"(tree(5)) : "memory");
  if (mode == "thread") std::thread([] { c_api(); }).join();
  if (mode == "none" || mode == "mixed") {
    kept_tree = tree(6);
    for (int i = 1; i < 200; ++i) kept[i] = static_cast<char*>(std::malloc(i * 8)) + i % 8;
  }
  if (mode == "mixed") {
    for (int i = 1; i < 100; ++i) std::free(std::realloc(std::malloc(i), i * 10));
    kept_tree->left = nullptr;
    for (int i = 0; i < 40; ++i) asm volatile("" ::"r"(std::malloc(100 + i)) : "memory");
  }
}

// Neither registers nor what is left on the stack shall keep anything.
[[gnu::noinline]] void wipe() {
  volatile char room[32768];
  for (volatile char& byte : room) byte = 0;
}

}  // namespace

int main(int count, char** arguments) {
  run(count > 1 ? arguments[1] : "none");
  wipe();
  return 0;
}
