// what: RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_NOFILE and others, set before the program starts, or later
// leaves: recordings
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <new>
#include <vector>

#include "tests/torture/check.h"

static void set_later(const char* name) {
  const struct {
    const char* name;
    __rlimit_resource resource;
    rlim_t value;
  } all[] = {{"later fsize", RLIMIT_FSIZE, 0},
             {"later as", RLIMIT_AS, 0},
             {"later nofile", RLIMIT_NOFILE, 0},
             {"later data", RLIMIT_DATA, 0}};
  for (const auto& one : all) {
    if (strcmp(name, one.name) != 0) continue;
    // Threads get their stacks from those of ended ones then, which libc keeps.
    for (int i = 0; i < 10; ++i) {
      pthread_t thread;
      pthread_create(
          &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
      pthread_join(thread, nullptr);
    }
    const rlimit limit{one.value, RLIM_INFINITY};
    printf("%s: set %d\n", name, setrlimit(one.resource, &limit));
  }
}

static void work(const char* name) {
  set_later(name);
  int created = 0;
  for (int i = 0; i < 50; ++i) {
    pthread_t thread;
    if (pthread_create(
            &thread, nullptr, [](void*) -> void* { return usleep(1), nullptr; }, nullptr) != 0)
      continue;
    ++created;
    pthread_join(thread, nullptr);
  }
  bool refused = false;
  if (strcmp(name, "as") == 0) try {
      std::vector<char> big(size_t{3} << 30);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
  printf("%s: threads %d, bad_alloc %d\n", name, created, refused);
}

int main(int argc, char** argv) {
  if (argc > 1) return work(argv[1]), 0;
  const struct {
    const char* name;
    __rlimit_resource resource;
    rlim_t value;
  } all[] = {{"fsize", RLIMIT_FSIZE, 4096},
             {"fsize", RLIMIT_FSIZE, 0},
             {"as", RLIMIT_AS, rlim_t{1} << 30},
             {"as", RLIMIT_AS, rlim_t{200} << 20},
             {"as", RLIMIT_AS, rlim_t{64} << 20},
             {"as", RLIMIT_AS, rlim_t{32} << 20},
             {"nofile", RLIMIT_NOFILE, 6},
             {"memlock", RLIMIT_MEMLOCK, 0},
             {"stack", RLIMIT_STACK, 128 << 10},
             {"stack", RLIMIT_STACK, RLIM_INFINITY},
             {"data", RLIMIT_DATA, rlim_t{16} << 20},
             {"later fsize", RLIMIT_CORE, 0},
             {"later as", RLIMIT_CORE, 0},
             {"later nofile", RLIMIT_CORE, 0},
             {"later data", RLIMIT_CORE, 0}};
  for (const auto& one : all) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      rlimit limit{};
      getrlimit(one.resource, &limit);
      limit.rlim_cur = one.value;
      setrlimit(one.resource, &limit);
      execl("/proc/self/exe", argv[0], one.name, nullptr);
      _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    SHOW(status);
  }
}
