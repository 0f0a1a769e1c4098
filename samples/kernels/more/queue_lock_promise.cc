// what: A caller waits for an answer under the mutex that the answering thread takes first.
// expect: stuck-task created_by=ask
// expect: stuck-task created_by=answer
#include "samples/kernels/kernel.h"

struct Call {
  std::mutex mutex;
  std::promise<int> reply;
  std::latch asked{1};
};

[[gnu::noinline]] void ask(Threads& threads, const std::shared_ptr<Call>& call) {
  threads.start([call] {
    std::unique_lock lock(call->mutex);
    std::future<int> reply = call->reply.get_future();
    call->asked.count_down();
    if (kFixed) lock.unlock();
    reply.get();
  });
}

[[gnu::noinline]] void answer(Threads& threads, const std::shared_ptr<Call>& call) {
  threads.start([call] {
    call->asked.wait();
    std::lock_guard lock(call->mutex);
    call->reply.set_value(42);
  });
}

int main() {
  Threads threads;
  auto call = std::make_shared<Call>();
  ask(threads, call);
  answer(threads, call);
  call->asked.wait();
}
