// what: A detached thread locks its pthread mutex twice and stops there (S11).
// expect: deadlock proved count=1 created_by=start_indexer blocked_in=rebuild_index
#include <pthread.h>

#include <latch>

static pthread_mutex_t index_mutex = PTHREAD_MUTEX_INITIALIZER;
static std::latch rebuilding(1);
static int index_version = 0;

static void* rebuild_index(void*) {
  pthread_mutex_lock(&index_mutex);
  rebuilding.count_down();
  pthread_mutex_lock(&index_mutex);
  index_version += 1;
  pthread_mutex_unlock(&index_mutex);
  pthread_mutex_unlock(&index_mutex);
  return nullptr;
}

static void start_indexer() {
  pthread_t thread;
  pthread_create(&thread, nullptr, rebuild_index, nullptr);
  pthread_detach(thread);
}

int main() {
  start_indexer();
  rebuilding.wait();
}
