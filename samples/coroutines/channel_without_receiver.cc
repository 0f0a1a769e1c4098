// what: The receiver returns early; two senders stay suspended in push() (S01).
// expect: outlived-task suspected count=2 created_by=start_senders
// flags: -fno-optimize-sibling-calls
#include "samples/support/channel.h"
#include "samples/support/task.h"

static co::channel<int> lines(1);
static int received = 0;

co::detached send_lines(int first) {
  for (int line = first;; ++line) {
    const bool accepted = co_await lines.push(line);
    if (!accepted) co_return;
  }
}

co::detached receive_header() {
  for (int i = 0; i < 3; ++i) {
    auto line = co_await lines.pop();
    received += *line;
  }
}

void start_senders() {
  for (int i = 0; i < 2; ++i) send_lines(10 * i);
}

int main() {
  start_senders();
  receive_header();
  return received == 0;
}
