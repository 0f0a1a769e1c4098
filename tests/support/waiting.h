// What the waits of waiting_target.cc wait for, and those of them that take more than a line.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace {

// Memory that parent and child both see.
struct Shared {
  sem_t taken, over, semaphore;
  pthread_mutex_t plain, inheriting;
  pthread_rwlock_t rwlock;
  pthread_barrier_t barrier;
  pthread_cond_t condition;
  std::atomic<int> word;
  std::atomic<bool> done;
};
Shared* shared;

const std::string folder = getenv("WAITING_FOLDER") != nullptr ? getenv("WAITING_FOLDER") : "/tmp";
int ends[2], sockets[2];
pid_t child, parent;

constexpr int64_t kLimitNs = 150'000'000;

timespec now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time;
}

int64_t ns(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

timespec of(int64_t nanoseconds) {
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
}

timespec limit(clockid_t clock) {
  return of(ns(now(clock)) + kLimitNs);
}

struct Case {
  std::function<long()> wait;
  std::function<void()> take = [] {};  // by the child, before
  std::function<void()> give = [] {};  // by the child, to end it
  bool timed = false;                  // the time is what ends it
};

void shared_attributes() {
  pthread_mutexattr_t mutex;
  pthread_mutexattr_init(&mutex);
  pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->plain, &mutex);
  pthread_mutexattr_setprotocol(&mutex, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&shared->inheriting, &mutex);
  pthread_rwlockattr_t rwlock;
  pthread_rwlockattr_init(&rwlock);
  pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
  pthread_rwlock_init(&shared->rwlock, &rwlock);
  pthread_barrierattr_t barrier;
  pthread_barrierattr_init(&barrier);
  pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&shared->barrier, &barrier, 2);
  pthread_condattr_t condition;
  pthread_condattr_init(&condition);
  pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&shared->condition, &condition);
  for (sem_t* one : {&shared->taken, &shared->over, &shared->semaphore}) sem_init(one, 1, 0);
}

int open_file() {
  return open((folder + "/waiting").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

long lock_file(int command) {
  static const int file = open_file();
  struct flock lock {};
  lock.l_type = F_WRLCK;
  return fcntl(file, command, &lock);
}

void write_byte() {
  if (write(ends[1], "x\n", 2) != 2) _exit(3);
}

void end_child() {
  _exit(7);
}

long io_uring() {
  io_uring_params params{};
  const auto ring = static_cast<int>(syscall(SYS_io_uring_setup, 4, &params));
  if (ring < 0) return -1000;  // this kernel does not let us
  const auto map = [&](size_t bytes, off_t offset) {
    return static_cast<char*>(
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset));
  };
  char* queue = map(params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
  auto* entry = reinterpret_cast<io_uring_sqe*>(
      map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
  static char byte;
  *entry = {};
  entry->opcode = IORING_OP_READ;
  entry->fd = ends[0];
  entry->addr = reinterpret_cast<uint64_t>(&byte);
  entry->len = 1;
  reinterpret_cast<uint32_t*>(queue + params.sq_off.array)[0] = 0;
  __atomic_store_n(reinterpret_cast<uint32_t*>(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, nullptr, 0) != 1) return -2;
  return syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
}

std::once_flag once;
std::atomic<bool> in_once, once_over;

void run_once_busily() {
  std::call_once(once, [] {
    in_once = true;
    while (!once_over) {
    }
  });
}

// The other one, which is at it, never sleeps.
long wait_for_once() {
  std::thread other(run_once_busily);
  while (!in_once) sched_yield();
  std::thread teller([] {
    while (!shared->done) {
    }
    once_over = true;
  });
  run_once_busily();
  other.join();
  teller.join();
  return 0;
}

long wait_inside_once() {
  std::call_once(once, [] { sem_wait(&shared->semaphore); });
  return 0;
}

// As std::atomic::wait does it in C++20.
long wait_for_word() {
  while (shared->word == 0)
    if (syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, nullptr) != 0 && errno != EAGAIN)
      return -1;
  return 0;
}

void set_word() {
  shared->word = 1;
  syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1);
}

FILE* stream() {
  static FILE* file = fdopen(ends[0], "r");
  return file;
}

long join_busy() {
  static pthread_t other;
  pthread_create(
      &other, nullptr,
      [](void*) -> void* {
        while (!shared->done) {
        }
        return nullptr;
      },
      nullptr);
  return pthread_join(other, nullptr);
}

int epoll_of(int file) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
  return epoll;
}

long semaphore_set(int change, const timespec* time = nullptr) {
  static const int set = semget(0x7ac4 + static_cast<int>(parent), 1, IPC_CREAT | 0600);
  sembuf operation{0, static_cast<short>(change), 0};
  return semtimedop(set, &operation, 1, time);
}

struct Letter {
  long type = 1;
  char text[8] = "letter";
};

int letters() {
  return msgget(0x7ac4 + static_cast<int>(parent), IPC_CREAT | 0600);
}

mqd_t queue() {
  mq_attr attributes{};
  attributes.mq_maxmsg = 2;
  attributes.mq_msgsize = 8;
  return mq_open(("/waiting" + std::to_string(parent)).c_str(), O_RDWR | O_CREAT, 0600,
                 &attributes);
}

}  // namespace
