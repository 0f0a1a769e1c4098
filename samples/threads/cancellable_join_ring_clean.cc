// what: Two threads join each other for a moment; main cancels one, so that both end.
// expect: clean
#include <pthread.h>

#include <latch>

static pthread_t ring[2];
static std::latch created(1);
static std::latch joining(2);

void* join_next(void* index) {
  created.wait();
  const auto self = reinterpret_cast<long>(index);
  joining.count_down();
  pthread_join(ring[1 - self], nullptr);  // of thread 0: until it is cancelled
  return index;
}

int main() {
  for (long i = 0; i < 2; ++i) pthread_create(&ring[i], nullptr, join_next, (void*)i);
  created.count_down();
  joining.wait();
  pthread_cancel(ring[0]);  // thread 1 joins it, whenever it gets there
  pthread_join(ring[1], nullptr);
}
