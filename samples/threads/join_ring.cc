// what: Three threads that main forgets each join the next one, in a ring (S11).
// expect: deadlock proved count=3 created_by=start_ring blocked_in=join_next
#include <pthread.h>

#include <latch>

static pthread_t ring[3];
static std::latch created(1);
static std::latch joining(3);

void* join_next(void* index) {
  created.wait();
  const auto self = reinterpret_cast<long>(index);
  joining.count_down();
  pthread_join(ring[(self + 1) % 3], nullptr);
  return index;
}

void start_ring() {
  for (long i = 0; i < 3; ++i) pthread_create(&ring[i], nullptr, join_next, (void*)i);
  created.count_down();
}

int main() {
  start_ring();
  joining.wait();
}
