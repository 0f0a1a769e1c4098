// what: A packaged task lies in the queue of a worker that has ended; its result is waited for.
// expect: stuck-task created_by=start_client
#include "samples/kernels/kernel.h"

struct Worker {
  std::mutex mutex;
  std::vector<std::packaged_task<int()>> tasks;
  std::latch ended{1}, waiting{1};
};

[[gnu::noinline]] void start_client(Threads& threads, const std::shared_ptr<Worker>& worker) {
  threads.start([worker] {
    worker->ended.wait();
    std::packaged_task<int()> task([] { return 7; });
    std::future<int> result = task.get_future();
    if (kFixed) task();
    {
      std::lock_guard lock(worker->mutex);
      worker->tasks.push_back(std::move(task));
    }
    worker->waiting.count_down();
    result.get();
  });
}

int main() {
  Threads threads;
  auto worker = std::make_shared<Worker>();
  std::thread([worker] { worker->ended.count_down(); }).join();
  start_client(threads, worker);
  worker->waiting.wait();
}
