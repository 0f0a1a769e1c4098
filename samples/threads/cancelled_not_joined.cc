// what: A thread is cancelled while it reads from a pipe, and never joined (S05, S14).
// expect: unjoined-thread proved count=1 created_by=start_reader
#include <pthread.h>
#include <unistd.h>

#include <latch>

static int pipe_ends[2];
static std::latch ended(1);

static void* read_pipe(void*) {
  pthread_cleanup_push([](void*) { ended.count_down(); }, nullptr);
  char byte;
  while (read(pipe_ends[0], &byte, 1) > 0) {
  }
  pthread_cleanup_pop(1);
  return nullptr;
}

static pthread_t start_reader() {
  pthread_t reader;
  pthread_create(&reader, nullptr, read_pipe, nullptr);
  return reader;
}

int main() {
  if (pipe(pipe_ends) != 0) return 1;
  pthread_cancel(start_reader());
  ended.wait();
}
