// what: Two forgotten threads join each other; with an argument main would cancel one of them.
// expect: deadlock likely count=2 created_by=start_ring blocked_in=join_next
#include <pthread.h>

#include <latch>

static pthread_t ring[2];
static std::latch created(1);
static std::latch joining(2);

void* join_next(void* index) {
  created.wait();
  const auto self = reinterpret_cast<long>(index);
  joining.count_down();
  pthread_join(ring[1 - self], nullptr);
  return index;
}

void start_ring() {
  for (long i = 0; i < 2; ++i) pthread_create(&ring[i], nullptr, join_next, (void*)i);
  created.count_down();
}

int main(int argc, char**) {
  start_ring();
  joining.wait();
  if (argc > 1) pthread_cancel(ring[0]);
}
