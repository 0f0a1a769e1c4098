// what: Blocks known to a global, a thread, a frame that called exit, by half or tagged, are kept.
// expect: clean
// options: --memory
// flags: -O0
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

struct Node {
  Node* next = nullptr;
  std::vector<int> numbers = std::vector<int>(50);
};

static Node* list;
static uintptr_t tagged;
static char* interior;
static thread_local char* of_thread;

[[gnu::noinline]] static void build() {
  for (int i = 0; i < 10; ++i) {
    auto* node = new Node;
    node->next = list;
    list = node;
  }
  tagged = reinterpret_cast<uintptr_t>(std::malloc(64)) | 3;
  interior = static_cast<char*>(std::malloc(1000)) + 500;
  of_thread = strdup("of this thread");
  for (int i = 0; i < 100; ++i) std::free(std::realloc(std::malloc(10), 4000));
}

[[gnu::noinline]] static void wipe_stack() {
  volatile char room[8192];
  for (volatile char& byte : room) byte = 0;
}

int main() {
  build();
  wipe_stack();
  auto* of_frame = new Node;
  of_frame->next = list;
  std::exit(of_frame->next == nullptr ? 1 : 0);
}
