// what: main joins a sender before it reads what was sent; the test times out.
// expect: stuck-task created_by=start_sender
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

void send_all(Queue<int>& rows) {
  for (int i = 0; i < 3; ++i) rows.push(i);
}

std::thread start_sender(Queue<int>& rows) {
  return std::thread(send_all, std::ref(rows));
}

int main() {
  Queue<int> rows(kFixed ? 3 : 1);
  std::thread sender = start_sender(rows);
  sender.join();
  for (int i = 0; i < 3; ++i) rows.pop();
}
