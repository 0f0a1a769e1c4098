// what: Two peers answer each other; both begin by listening.
// expect: stuck-task created_by=start_peers
#include "samples/kernels/kernel.h"

struct Wire {
  Queue<int> there{1}, back{1};
};

static std::latch listening(2);

void run_peer(std::shared_ptr<Wire> wire, bool first) {
  Queue<int>& in = first ? wire->back : wire->there;
  Queue<int>& out = first ? wire->there : wire->back;
  listening.count_down();
  if (kFixed && first) out.push(1);
  in.pop();
  if (!first) out.push(2);
}

void start_peers(Threads& threads, const std::shared_ptr<Wire>& wire) {
  for (const bool first : {true, false}) threads.start(run_peer, wire, first);
}

int main() {
  auto wire = std::make_shared<Wire>();
  Threads threads;
  start_peers(threads, wire);
  listening.wait();
}
