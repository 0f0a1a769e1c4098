// what: One of three parties leaves a pthread barrier on an error; the other two wait for it (S07).
// expect: outlived-task suspected count=2 created_by=start_phase blocked_in=simulate
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_barrier_t phase;
static std::latch arrived(3);

void simulate(int part) {
  arrived.count_down();
  if (part == 2) return;
  pthread_barrier_wait(&phase);
  arrived.wait();
}

void start_phase() {
  for (int part = 0; part < 3; ++part) std::thread(simulate, part).detach();
}

int main() {
  pthread_barrier_init(&phase, nullptr, 3);
  start_phase();
  arrived.wait();
}
