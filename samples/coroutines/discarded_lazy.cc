// what: Lazy tasks are created and given away, but nobody ever starts or destroys them (S15).
// expect: orphaned-coroutine proved count=3 created_by=send_mail
#include "samples/support/task.h"

static int sent = 0;

co::task<> send_mail(int copies) {
  sent += copies;
  co_return;
}

void notify_all() {
  for (int i = 0; i < 3; ++i) send_mail(i).release();
}

int main() {
  notify_all();
  return sent;
}
