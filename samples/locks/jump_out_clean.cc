// what: Two threads lock A-B and B-A; a signal's handler jumps out of one wait, and both end.
// expect: gate-clean
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include <barrier>
#include <latch>
#include <thread>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static std::barrier both_hold_one(2);
static std::latch wanting(2);
static thread_local sigjmp_buf way_out;

static void jump(int) {
  siglongjmp(way_out, 1);
}

static void take_both(pthread_mutex_t* mine, pthread_mutex_t* other) {
  pthread_mutex_lock(mine);
  both_hold_one.arrive_and_wait();
  if (sigsetjmp(way_out, 1) == 0) {
    wanting.count_down();
    pthread_mutex_lock(other);
    pthread_mutex_unlock(other);
  }
  pthread_mutex_unlock(mine);
}

int main() {
  signal(SIGUSR1, jump);
  std::thread one(take_both, &first, &second), other(take_both, &second, &first);
  wanting.wait();
  pthread_kill(one.native_handle(), SIGUSR1);
  one.join();
  other.join();
}
