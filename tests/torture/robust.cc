// what: owners that die holding robust mutexes, threads and processes; recovery and refusal
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <thread>

#include "tests/torture/check.h"

static pthread_mutex_t* make(int type, int protocol) {
  auto* m = static_cast<pthread_mutex_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutexattr_setprotocol(&attributes, protocol);
  pthread_mutex_init(m, &attributes);
  return m;
}

static void let_die(pthread_mutex_t* m, bool process) {
  if (!process) {
    std::thread([&] { SHOW(pthread_mutex_lock(m)); }).join();
    return;
  }
  const pid_t child = fork();
  if (child == 0) _exit(pthread_mutex_lock(m));
  int status = 0;
  waitpid(child, &status, 0);
  SHOW(status);
}

int main() {
  for (int type : {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE})
    for (int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT})
      for (bool process : {false, true}) {
        printf("type %d protocol %d process %d\n", type, protocol, process);
        fflush(stdout);
        pthread_mutex_t* m = make(type, protocol);
        let_die(m, process);
        SHOW(pthread_mutex_lock(m));
        SHOW(pthread_mutex_consistent(m));
        SHOW(pthread_mutex_unlock(m));
        let_die(m, process);
        SHOW(pthread_mutex_trylock(m));
        SHOW(pthread_mutex_unlock(m));  // not made consistent: not recoverable
        SHOW(pthread_mutex_lock(m));
        SHOW(pthread_mutex_trylock(m));
        const timespec past{0, 0};
        SHOW(pthread_mutex_timedlock(m, &past));
        SHOW(pthread_mutex_destroy(m));
        m = make(type, protocol);
        let_die(m, process);
        SHOW(pthread_mutex_timedlock(m, &past));
        pthread_cond_t c = PTHREAD_COND_INITIALIZER;
        const int rc = pthread_cond_timedwait(&c, m, &past);
        SHOW(rc);
      }
}
