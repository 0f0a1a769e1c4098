// what: The promise is leaked with its task, so the thread that waits for the future has no waker.
// expect: stuck-task proved count=1 created_by=start_reader blocked_in=read_answer
#include <future>
#include <latch>
#include <thread>

static std::latch reading(1);

// Only this thread knows the promise, and it waits for it.
void read_answer() {
  auto* answer = new std::promise<int>;
  std::future<int> future = answer->get_future();
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
