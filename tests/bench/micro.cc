// micro OPERATION SECONDS [LIBRARY]: what one operation costs this process, in nanoseconds.
//
//   lock       an uncontended mutex locked and unlocked
//   lock2      the same by two threads at once, each with a mutex of its own
//   nested     another one locked and unlocked while it is held: two pairs
//   striped    the same, the outer one each time another of 4096
//   contended  one mutex by two threads at once, with some work inside and outside
//   thread     a thread created and joined
//   malloc     a block of changing size allocated and freed, 64 alive
//   blocks     the same 20 frames deep, from eight places, sizes mixed, 1024 alive
//   blocks2    the same by two threads at once, of each thread's own operations
//   coroutine  an empty coroutine created and destroyed below 20 frames
//   condvar    a round trip between two threads over condition variables
//   read       read() of one byte of /dev/zero: the cheapest call that might have waited
//   epoll      epoll_wait() with one descriptor ready
//   startup    /bin/true run to its end, with LIBRARY preloaded when given
#include "tests/bench/micro.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace track::bench {
namespace {

double lock_ns(double seconds) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  return measure_ns(seconds, 10000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      pthread_mutex_lock(&mutex);
      pthread_mutex_unlock(&mutex);
    }
  });
}

double nested_ns(double seconds) {
  pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
  return measure_ns(seconds, 10000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      pthread_mutex_lock(&outer);
      pthread_mutex_lock(&inner);
      pthread_mutex_unlock(&inner);
      pthread_mutex_unlock(&outer);
    }
  });
}

double striped_ns(double seconds) {
  static std::array<pthread_mutex_t, 4096> outer;  // all zero is a mutex
  pthread_mutex_t inner = PTHREAD_MUTEX_INITIALIZER;
  return measure_ns(seconds, 10000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      pthread_mutex_t& one = outer[i * 1663 % outer.size()];
      pthread_mutex_lock(&one);
      pthread_mutex_lock(&inner);
      pthread_mutex_unlock(&inner);
      pthread_mutex_unlock(&one);
    }
  });
}

// Per operation of one thread: slower than `lock` is what the two are in each other's way.
double lock2_ns(double seconds) {
  std::atomic<bool> stop{false};
  pthread_t other;
  pthread_create(
      &other, nullptr,
      [](void* argument) -> void* {
        alignas(128) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        while (!static_cast<std::atomic<bool>*>(argument)->load(std::memory_order_relaxed))
          for (int i = 0; i < 1000; ++i) {
            pthread_mutex_lock(&mutex);
            pthread_mutex_unlock(&mutex);
          }
        return nullptr;
      },
      &stop);
  const double cost = lock_ns(seconds);
  stop = true;
  pthread_join(other, nullptr);
  return cost;
}

void work(int rounds) {
  for (int i = 0; i < rounds; ++i) asm volatile("" ::: "memory");
}

struct Contended {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::atomic<bool> stop{false};
  uint64_t counted = 0;

  void step() {
    pthread_mutex_lock(&mutex);
    ++counted;
    work(100);
    pthread_mutex_unlock(&mutex);
    work(200);
  }
};

void* contend(void* argument) {
  auto& shared = *static_cast<Contended*>(argument);
  while (!shared.stop.load(std::memory_order_relaxed)) shared.step();
  return nullptr;
}

double contended_ns(double seconds) {
  Contended shared;
  pthread_t rival;
  pthread_create(&rival, nullptr, contend, &shared);
  // Throughput of both together: who of the two gets the lock is the scheduler's business.
  const double warm = now_ns() + seconds * 1e8;
  while (now_ns() < warm) shared.step();
  pthread_mutex_lock(&shared.mutex);
  const uint64_t before = shared.counted;
  const double began = now_ns();
  pthread_mutex_unlock(&shared.mutex);
  for (const double end = began + seconds * 1e9; now_ns() < end;) {
    for (int i = 0; i < 100; ++i) shared.step();
  }
  pthread_mutex_lock(&shared.mutex);
  const double cost = (now_ns() - began) / static_cast<double>(shared.counted - before);
  pthread_mutex_unlock(&shared.mutex);
  shared.stop = true;
  pthread_join(rival, nullptr);
  return cost;
}

double thread_ns(double seconds) {
  return measure_ns(seconds, 20, [](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      pthread_t thread;
      if (pthread_create(
              &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0) {
        std::abort();
      }
      pthread_join(thread, nullptr);
    }
  });
}

double malloc_ns(double seconds) {
  std::array<void*, 64> blocks{};
  size_t size = 16;
  const double cost = measure_ns(seconds, 10000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      void*& block = blocks[i % blocks.size()];
      std::free(block);
      size = size % 1024 + 24;
      block = std::malloc(size);
      asm volatile("" ::"r"(block) : "memory");
    }
  });
  for (void* block : blocks) std::free(block);
  return cost;
}

struct PingPong {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
  int turn = 0;  // 2: the end

  bool play(int mine) {
    pthread_mutex_lock(&mutex);
    while (turn == 1 - mine) pthread_cond_wait(&turned, &mutex);
    const bool on = turn != 2;
    if (on) turn = 1 - mine;
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&turned);
    return on;
  }
};

double condvar_ns(double seconds) {
  PingPong game;
  pthread_t partner;
  pthread_create(
      &partner, nullptr,
      [](void* argument) -> void* {
        while (static_cast<PingPong*>(argument)->play(1)) continue;
        return nullptr;
      },
      &game);
  const double cost = measure_ns(seconds, 200, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) game.play(0);
  });
  pthread_mutex_lock(&game.mutex);
  game.turn = 2;
  pthread_mutex_unlock(&game.mutex);
  pthread_cond_broadcast(&game.turned);
  pthread_join(partner, nullptr);
  return cost;
}

double read_ns(double seconds) {
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const double cost = measure_ns(seconds, 1000, [&](uint64_t count) {
    char byte;
    for (uint64_t i = 0; i < count; ++i)
      if (read(zero, &byte, 1) != 1) std::abort();
  });
  close(zero);
  return cost;
}

double epoll_ns(double seconds) {
  const int ready = eventfd(1, EFD_CLOEXEC), poller = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(poller, EPOLL_CTL_ADD, ready, &event);
  const double cost = measure_ns(seconds, 1000, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i)
      if (epoll_wait(poller, &event, 1, -1) != 1) std::abort();
  });
  close(poller);
  close(ready);
  return cost;
}

double startup_ns(double seconds, const std::string& library) {
  std::string preload = "LD_PRELOAD=" + library;
  std::string options = "TRACK_OPTIONS=";
  if (const char* given = std::getenv("TRACK_OPTIONS")) options += given;
  std::string path = "/bin/true";
  char* const arguments[] = {path.data(), nullptr};
  char* const with[] = {preload.data(), options.data(), nullptr};
  char* const without[] = {nullptr};
  return measure_ns(seconds, 1, [&](uint64_t) {
    pid_t pid = 0;
    int status = 0;
    if (posix_spawn(&pid, path.c_str(), nullptr, nullptr, arguments,
                    library.empty() ? without : with) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0) {
      std::abort();
    }
  });
}

int run(std::string_view operation, double seconds, const std::string& library) {
  double cost = 0;
  if (operation == "lock") {
    cost = lock_ns(seconds);
  } else if (operation == "lock2") {
    cost = lock2_ns(seconds);
  } else if (operation == "nested") {
    cost = nested_ns(seconds);
  } else if (operation == "striped") {
    cost = striped_ns(seconds);
  } else if (operation == "contended") {
    cost = contended_ns(seconds);
  } else if (operation == "thread") {
    cost = thread_ns(seconds);
  } else if (operation == "malloc") {
    cost = malloc_ns(seconds);
  } else if (operation == "blocks" || operation == "blocks2") {
    cost = blocks_ns(seconds, operation == "blocks2");
  } else if (operation == "coroutine") {
    cost = coroutine_ns(seconds);
  } else if (operation == "condvar") {
    cost = condvar_ns(seconds);
  } else if (operation == "read") {
    cost = read_ns(seconds);
  } else if (operation == "epoll") {
    cost = epoll_ns(seconds);
  } else if (operation == "startup") {
    cost = startup_ns(seconds, library);
  } else {
    std::fprintf(stderr, "micro: unknown operation %s\n", std::string(operation).c_str());
    return 2;
  }
  std::printf("%.3f\n", cost);
  return 0;
}

}  // namespace
}  // namespace track::bench

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: micro OPERATION SECONDS [LIBRARY]\n");
    return 2;
  }
  return track::bench::run(arguments[1], std::atof(arguments[2]), count > 3 ? arguments[3] : "");
}
