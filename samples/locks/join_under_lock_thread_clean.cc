// what: A supervisor thread joins its worker, which has the lock to itself.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex state;
static int results = 0;

void work() {
  std::lock_guard lock(state);
  results += 1;
}

void supervise() {
  std::thread worker(work);
  worker.join();
  std::lock_guard lock(state);
  results += 1;
}

int main() {
  std::jthread supervisor(supervise);
}
