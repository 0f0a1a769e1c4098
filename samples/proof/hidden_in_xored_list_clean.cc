// what: The semaphore hangs in the middle of a list whose links are the xor of both neighbours.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

struct Node {
  uint64_t link;  // previous ^ next
  hidden::Gate* gate;
};

static Node* volatile first;

static uint64_t address(const Node* node) {
  return reinterpret_cast<uint64_t>(node);
}

[[gnu::noinline]] static void make_list(hidden::Gate* gate) {
  Node* nodes[5];
  for (Node*& node : nodes) node = new Node{0, nullptr};
  for (int i = 0; i < 5; ++i)
    nodes[i]->link = (i > 0 ? address(nodes[i - 1]) : 0) ^ (i < 4 ? address(nodes[i + 1]) : 0);
  nodes[3]->gate = gate;
  first = nodes[0];
}

int main() {
  hidden::start_waiter(make_list);
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
