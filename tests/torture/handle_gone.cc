// what: a thread unmaps the place of its own handle before pthread_create has returned
#include <pthread.h>
#include <sys/mman.h>
#include <threads.h>

#include "tests/torture/check.h"

struct Job {
  pthread_t thread;
  pthread_attr_t attributes;
};

int main() {
  int created = 0;
  for (int i = 0; i < 3000; ++i) {
    auto* job = static_cast<Job*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    static pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    created += pthread_create(
                   &job->thread, &detached,
                   [](void* memory) -> void* { return munmap(memory, 4096), nullptr; }, job) == 0;
  }
  SHOW(created);
}
