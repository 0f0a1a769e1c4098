// what: A thread ends the process by itself; another one, that main would join, still works.
// expect: outlived-task suspected count=1 created_by=start_ticker
#include <unistd.h>

#include <cstdlib>
#include <latch>
#include <thread>

static std::latch ticking(1);

void tick() {
  ticking.count_down();
  for (;;) usleep(1000);
}
void serve() {
  ticking.wait();
  std::exit(0);
}

std::thread start_ticker() {
  return std::thread(tick);
}

int main() {
  std::thread ticker = start_ticker();
  std::thread(serve).join();
  ticker.join();
}
