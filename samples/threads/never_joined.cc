// what: Three threads finish, but their std::threads are leaked and never joined (S14).
// expect: unjoined-thread proved count=3 created_by=handle_requests
#include <latch>
#include <thread>

static std::latch handled(3);

void handle_request() {
  handled.count_down();
}

void handle_requests() {
  for (int i = 0; i < 3; ++i) new std::thread(handle_request);
}

int main() {
  handle_requests();
  handled.wait();
}
