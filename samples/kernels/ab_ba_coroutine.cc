// what: Two coroutines take two async locks in opposite order.
// expect: orphaned-coroutine created_by=start_moves
#include "samples/kernels/kernel.h"

struct Folders {
  explicit Folders(Executor& executor) : inbox(executor), archive(executor), locked(executor, 2) {}
  AsyncMutex inbox, archive;
  AsyncLatch locked;
};

co::detached move_mail(Executor& executor, std::shared_ptr<Folders> folders, bool back) {
  co_await executor.schedule();
  AsyncMutex& first = back && !kFixed ? folders->archive : folders->inbox;
  AsyncMutex& second = back && !kFixed ? folders->inbox : folders->archive;
  co_await first.acquire();
  folders->locked.count_down();
  if (!kFixed) co_await folders->locked.wait();
  co_await second.acquire();
  second.release();
  first.release();
}

void start_moves(Executor& executor, const std::shared_ptr<Folders>& folders) {
  for (const bool back : {false, true}) move_mail(executor, folders, back);
}

int main() {
  Executor executor(2);
  auto folders = std::make_shared<Folders>(executor);
  start_moves(executor, folders);
  executor.await_idle();
}
