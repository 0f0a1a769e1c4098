// what: Lazy tasks are awaited, and one that is not needed is destroyed by its owner.
// expect: clean
#include "samples/support/task.h"

static int sent = 0;

co::task<> send_mail(int copies) {
  sent += copies;
  co_return;
}

co::task<> notify_all() {
  for (int i = 0; i < 3; ++i) co_await send_mail(i);
  auto cancelled = send_mail(100);
}

int main() {
  co::sync_wait(notify_all());
  return sent == 3 ? 0 : 1;
}
