// what: A thread ends with a robust mutex held; the next owner is told and recovers it.
// expect: clean
#include <errno.h>
#include <pthread.h>

static pthread_mutex_t journal;
static int recovered = 0;

static void* write_journal(void*) {
  pthread_mutex_lock(&journal);
  return nullptr;
}

static void* read_journal(void*) {
  if (pthread_mutex_lock(&journal) == EOWNERDEAD) {
    pthread_mutex_consistent(&journal);
    recovered += 1;
  }
  pthread_mutex_unlock(&journal);
  return nullptr;
}

static void run(void* (*body)(void*)) {
  pthread_t thread;
  pthread_create(&thread, nullptr, body, nullptr);
  pthread_join(thread, nullptr);
}

int main() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&journal, &attributes);
  run(write_journal);
  run(read_journal);
  run(read_journal);
  return recovered == 1 ? 0 : 1;
}
