// what: main's own test locks twice: it hangs, and its watcher ends it.
// expect: deadlock blocked_in=stop_server
// options: --timeout 1s
#include "samples/kernels/kernel.h"

struct Server {
  std::mutex mutex;
  bool running = true;
};

void stop_server(Server& server) {
  std::lock_guard lock(server.mutex);
  server.running = false;
}

int main() {
  Server server;
  std::unique_lock lock(server.mutex);
  if (kFixed) lock.unlock();
  stop_server(server);
}
