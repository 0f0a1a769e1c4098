// what: stop() waits for a worker that reports to a queue stop() no longer reads.
// expect: stuck-task created_by=start_worker
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

void work(Queue<int>& progress, std::stop_token stop) {
  while (!stop.stop_requested()) progress.push(1);
  progress.push(-1);
  progress.push(-1);
}

std::jthread start_worker(Queue<int>& progress) {
  return std::jthread([&progress](std::stop_token stop) { work(progress, stop); });
}

int main() {
  Queue<int> progress(1);
  std::jthread worker = start_worker(progress);
  progress.pop();
  worker.request_stop();
  if (kFixed) progress.close();
  worker.join();
}
