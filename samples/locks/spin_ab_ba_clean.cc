// what: Two threads take two spinlocks in opposite order, with try_lock and back-off.
// expect: clean
#include <pthread.h>

#include <thread>

static pthread_spinlock_t left, right;
static int swaps = 0;

void swap_queues(pthread_spinlock_t& first, pthread_spinlock_t& second) {
  for (int done = 0; done < 1000;) {
    pthread_spin_lock(&first);
    if (pthread_spin_trylock(&second) == 0) {
      swaps += 1;
      done += 1;
      pthread_spin_unlock(&second);
    }
    pthread_spin_unlock(&first);
    std::this_thread::yield();
  }
}

int main() {
  pthread_spin_init(&left, PTHREAD_PROCESS_PRIVATE);
  pthread_spin_init(&right, PTHREAD_PROCESS_PRIVATE);
  {
    std::jthread one(swap_queues, std::ref(left), std::ref(right));
    std::jthread two(swap_queues, std::ref(right), std::ref(left));
  }
  return swaps == 2000 ? 0 : 1;
}
