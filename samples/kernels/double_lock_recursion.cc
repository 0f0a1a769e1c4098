// what: A walk over a tree locks at every level.
// expect: deadlock created_by=start_walker
#include "samples/kernels/kernel.h"

using Lock = std::conditional_t<kFixed, std::recursive_mutex, std::mutex>;

struct Node {
  std::vector<Node> children;
};

struct Tree {
  Lock mutex;
  Node root{{Node{}, Node{}}};
};

static std::latch walking(1);

int count(Tree& tree, const Node& node) {
  std::lock_guard lock(tree.mutex);
  if (&node == &tree.root) walking.count_down();
  int total = 1;
  for (const Node& child : node.children) total += count(tree, child);
  return total;
}

void start_walker(Threads& threads) {
  threads.start([tree = std::make_shared<Tree>()] { count(*tree, tree->root); });
}

int main() {
  Threads threads;
  start_walker(threads);
  walking.wait();
}
