// what: A coroutine sends while it holds the async mutex that the receiver needs.
// expect: orphaned-coroutine created_by=start_sender
// expect: orphaned-coroutine created_by=start_receiver
#include "samples/kernels/kernel.h"

struct Room {
  explicit Room(Executor& executor) : mutex(executor), messages(executor, 0), held(executor, 1) {}
  AsyncMutex mutex;
  AsyncChannel<int> messages;
  AsyncLatch held;
};

co::detached send(Executor& executor, std::shared_ptr<Room> room) {
  co_await executor.schedule();
  co_await room->mutex.acquire();
  room->held.count_down();
  if (kFixed) room->mutex.release();
  co_await room->messages.push(1);
  if (!kFixed) room->mutex.release();
}

co::detached receive(Executor& executor, std::shared_ptr<Room> room) {
  co_await executor.schedule();
  co_await room->held.wait();
  co_await room->mutex.acquire();
  co_await room->messages.pop();
  room->mutex.release();
}

void start_sender(Executor& executor, const std::shared_ptr<Room>& room) {
  send(executor, room);
}

void start_receiver(Executor& executor, const std::shared_ptr<Room>& room) {
  receive(executor, room);
}

int main() {
  Executor executor(2);
  auto room = std::make_shared<Room>(executor);
  start_sender(executor, room);
  start_receiver(executor, room);
  executor.await_idle();
}
