// what: A reader waits for a message; the sender returns early on an error.
// expect: stuck-task created_by=start_reader
#include "samples/kernels/kernel.h"

static std::latch reading(1);

void read_reply(std::shared_ptr<Queue<std::string>> replies) {
  reading.count_down();
  replies->pop();
}

void send_reply(Queue<std::string>& replies, bool valid) {
  if (!valid) {
    if (kFixed) replies.close();
    return;
  }
  replies.push("ok");
}

void start_reader(Threads& threads, const std::shared_ptr<Queue<std::string>>& replies) {
  threads.start(read_reply, replies);
}

int main() {
  auto replies = std::make_shared<Queue<std::string>>(1);
  Threads threads;
  start_reader(threads, replies);
  reading.wait();
  send_reply(*replies, false);
}
