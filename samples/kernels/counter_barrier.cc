// what: One of three players leaves the game without dropping out of the barrier.
// expect: stuck-task created_by=start_players
#include "samples/kernels/kernel.h"

static std::latch playing(3);

void play(std::shared_ptr<std::barrier<>> round, int rounds) {
  playing.count_down();
  for (int i = 0; i < rounds; ++i) round->arrive_and_wait();
  if (kFixed) round->arrive_and_drop();
}

void start_players(Threads& threads, const std::shared_ptr<std::barrier<>>& round) {
  for (const int rounds : {1, 2, 2}) threads.start(play, round, rounds);
}

int main() {
  auto round = std::make_shared<std::barrier<>>(3);
  Threads threads;
  start_players(threads, round);
  playing.wait();
}
