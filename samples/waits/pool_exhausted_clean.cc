// what: The pool has one worker more than jobs that wait.
// expect: clean
#include <string>

#include "samples/support/thread_pool.h"

void resolve(std::shared_future<std::string> address) {
  address.get();
}

int main() {
  std::promise<std::string> address;
  std::shared_future<std::string> reply = address.get_future().share();
  ThreadPool pool(3);
  for (int i = 0; i < 2; ++i) pool.post([reply] { resolve(reply); });
  pool.post([&address] { address.set_value("127.0.0.1"); });
}
