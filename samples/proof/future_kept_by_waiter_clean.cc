// what: A registry keeps the promise: somebody could still keep it. No proof.
// expect: gate-clean
#include <future>
#include <latch>
#include <thread>
#include <vector>

static std::latch reading(1);
static std::vector<std::promise<int>*> registry;

void read_answer() {
  auto* answer = new std::promise<int>;
  std::future<int> future = answer->get_future();
  registry.push_back(answer);
  reading.count_down();
  future.get();
}

void start_reader() {
  std::thread(read_answer).detach();
}

int main() {
  start_reader();
  reading.wait();
}
