// what: A C-style worker waits for its mailbox; the owner frees the job list and forgets it.
// expect: stuck-task created_by=start_worker
#include "samples/kernels/kernel.h"

struct Mailbox {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
  bool stop = false;
};

static std::latch waiting(1);

void* work(void* argument) {
  Mailbox* box = static_cast<Mailbox*>(argument);
  pthread_mutex_lock(&box->mutex);
  waiting.count_down();
  while (!box->stop) pthread_cond_wait(&box->arrived, &box->mutex);
  pthread_mutex_unlock(&box->mutex);
  return nullptr;
}

pthread_t start_worker(Mailbox* box) {
  pthread_t thread;
  pthread_create(&thread, nullptr, work, box);
  return thread;
}

int main() {
  Mailbox* box = new Mailbox;
  const pthread_t worker = start_worker(box);
  waiting.wait();
  if (!kFixed) {
    pthread_detach(worker);
    return 0;
  }
  pthread_mutex_lock(&box->mutex);
  box->stop = true;
  pthread_cond_signal(&box->arrived);
  pthread_mutex_unlock(&box->mutex);
  pthread_join(worker, nullptr);
  delete box;
}
