// what: Two threads play ping-pong over a condition variable, and both stop at the last round.
// expect: clean
#include <condition_variable>
#include <mutex>
#include <thread>

struct Table {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  int rounds = 0;
};

void play(Table& table, int player) {
  std::unique_lock lock(table.mutex);
  while (table.rounds < 1000) {
    table.changed.wait(lock, [&] { return table.turn == player; });
    table.rounds += 1;
    table.turn = 1 - player;
    table.changed.notify_all();
  }
}

int main() {
  Table table;
  std::jthread ping(play, std::ref(table), 0);
  std::jthread pong(play, std::ref(table), 1);
}
