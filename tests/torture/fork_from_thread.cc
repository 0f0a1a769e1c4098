// what: fork in a thread that holds locks; children of children; the child's own tid owns its locks
#include <pthread.h>
#include <sys/wait.h>

#include <thread>

#include "tests/torture/check.h"

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t checked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

int main() {
  std::thread([] {
    pthread_mutex_lock(&plain);
    const pid_t child = fork();
    if (child == 0) {
      SHOW(pthread_mutex_unlock(&plain));
      SHOW(pthread_mutex_lock(&checked));
      SHOW(pthread_mutex_lock(&checked));
      SHOW(checked.__data.__owner == gettid());
      pthread_mutex_lock(&plain);
      SHOW(plain.__data.__owner == gettid());
      fflush(stdout);
      const pid_t grandchild = fork();
      if (grandchild == 0) {
        SHOW(pthread_mutex_unlock(&plain));
        std::thread([] { SHOW(pthread_mutex_trylock(&plain)); }).join();
        fflush(stdout);
        _exit(3);
      }
      int status = 0;
      waitpid(grandchild, &status, 0);
      SHOW(WEXITSTATUS(status));
      exit(4);
    }
    int status = 0;
    waitpid(child, &status, 0);
    SHOW(WEXITSTATUS(status));
    SHOW(pthread_mutex_unlock(&plain));
  }).join();
}
