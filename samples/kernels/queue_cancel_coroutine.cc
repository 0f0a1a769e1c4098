// what: A coroutine's channel is not closed when its request is cancelled.
// expect: orphaned-coroutine created_by=start_stream
#include "samples/kernels/kernel.h"

struct Stream {
  explicit Stream(Executor& executor) : chunks(executor, 1) {}
  AsyncChannel<int> chunks;
  std::stop_source stop;
};

co::detached read_stream(Executor& executor, std::shared_ptr<Stream> stream) {
  co_await executor.schedule();
  while (!stream->stop.stop_requested()) {
    co_await stream->chunks.pop();
  }
}

void start_stream(Executor& executor, const std::shared_ptr<Stream>& stream) {
  read_stream(executor, stream);
}

int main() {
  Executor executor(2);
  auto stream = std::make_shared<Stream>(executor);
  start_stream(executor, stream);
  executor.await_idle();
  stream->stop.request_stop();
  if (kFixed) stream->chunks.close();
  executor.await_idle();
}
