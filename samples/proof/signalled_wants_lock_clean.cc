// what: Its own condition was signalled; it only waits for the mutex, which the other still holds.
// expect: gate-clean
#include <unistd.h>

#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

struct Turn {
  std::condition_variable changed;
  bool given = false;
};

static std::mutex turns;
static std::unique_ptr<Turn> waiting;
static std::latch holding(1);

void take_turn() {
  auto own = std::make_unique<Turn>();
  Turn* turn = own.get();
  std::unique_lock lock(turns);
  waiting = std::move(own);
  while (!turn->given) turn->changed.wait(lock);
}

void give_turn() {
  for (;;) {
    std::unique_lock lock(turns);
    if (!waiting) continue;
    waiting->given = true;
    waiting->changed.notify_one();
    static_cast<void>(waiting.release());
    holding.count_down();
    sleep(20);
    return;
  }
}

int main() {
  std::thread(take_turn).detach();
  std::thread(give_turn).detach();
  holding.wait();
}
