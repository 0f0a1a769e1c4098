// what: Two detached threads spin for each other's pthread spinlock (S11).
// expect: deadlock proved count=2 created_by=start_swaps blocked_in=swap_queues
#include <pthread.h>

#include <barrier>
#include <latch>
#include <thread>

static pthread_spinlock_t left, right;
static std::barrier both_hold_one(2);
static std::latch wanting_second(2);
static int swaps = 0;

void swap_queues(pthread_spinlock_t& first, pthread_spinlock_t& second) {
  pthread_spin_lock(&first);
  both_hold_one.arrive_and_wait();
  wanting_second.count_down();
  pthread_spin_lock(&second);
  swaps += 1;
  pthread_spin_unlock(&second);
  pthread_spin_unlock(&first);
}

void start_swaps() {
  std::thread(swap_queues, std::ref(left), std::ref(right)).detach();
  std::thread(swap_queues, std::ref(right), std::ref(left)).detach();
}

int main() {
  pthread_spin_init(&left, PTHREAD_PROCESS_PRIVATE);
  pthread_spin_init(&right, PTHREAD_PROCESS_PRIVATE);
  start_swaps();
  wanting_second.wait();
}
