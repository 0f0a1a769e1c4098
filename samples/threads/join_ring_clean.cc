// what: Three threads joined in a chain: each joins the next, main joins the first.
// expect: clean
#include <pthread.h>

#include <latch>

static pthread_t chain[3];
static std::latch created(1);

void* join_next(void* index) {
  created.wait();
  const auto self = reinterpret_cast<long>(index);
  if (self < 2) pthread_join(chain[self + 1], nullptr);
  return index;
}

void start_chain() {
  for (long i = 0; i < 3; ++i) pthread_create(&chain[i], nullptr, join_next, (void*)i);
  created.count_down();
}

int main() {
  start_chain();
  pthread_join(chain[0], nullptr);
}
