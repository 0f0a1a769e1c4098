// what: A thread is cancelled while it reads from a pipe, and joined.
// expect: clean
#include <pthread.h>
#include <unistd.h>

static int pipe_ends[2];

static void* read_pipe(void*) {
  char byte;
  while (read(pipe_ends[0], &byte, 1) > 0) {
  }
  return nullptr;
}

static pthread_t start_reader() {
  pthread_t reader;
  pthread_create(&reader, nullptr, read_pipe, nullptr);
  return reader;
}

int main() {
  if (pipe(pipe_ends) != 0) return 1;
  pthread_t reader = start_reader();
  pthread_cancel(reader);
  void* result = nullptr;
  pthread_join(reader, &result);
  return result == PTHREAD_CANCELED ? 0 : 1;
}
