// what: Two threads play ping-pong over a condition variable; one leaves without a word (S12).
// expect: stuck-task proved count=1 created_by=start_player blocked_in=play
#include <condition_variable>
#include <mutex>
#include <thread>

struct Table {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  int rounds = 0;
};

void play(Table* table, int player) {
  std::unique_lock lock(table->mutex);
  for (;;) {
    table->changed.wait(lock, [&] { return table->turn == player; });
    if (++table->rounds == 100) return;
    table->turn = 1 - player;
    table->changed.notify_all();
  }
}

void start_player(Table* table) {
  std::thread(play, table, 1).detach();
}

int main() {
  auto* table = new Table;
  {
    std::lock_guard lock(table->mutex);
    start_player(table);
    table->rounds = 1;
  }
  play(table, 0);
}
