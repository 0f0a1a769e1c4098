// A process whose only thread sits in one wait: `waiting_target WAIT`. A child that it forks first
// holds what is waited for. When a byte comes on standard input the child ends the wait; what the
// call returned and left in errno is printed. Waits with a time limit are made again and again
// until then: each must run out as it should, and not too early.
#include "tests/support/waiting.h"

namespace {

std::map<std::string, Case> cases() {
  static char bytes[65536];
  const auto post = [] { sem_post(&shared->semaphore); };
  const auto plain_taken = [] { pthread_mutex_lock(&shared->plain); };
  const auto plain_given = [] { pthread_mutex_unlock(&shared->plain); };
  const auto inheriting_taken = [] { pthread_mutex_lock(&shared->inheriting); };
  const auto inheriting_given = [] { pthread_mutex_unlock(&shared->inheriting); };
  const auto rwlock_taken = [] { pthread_rwlock_wrlock(&shared->rwlock); };
  const auto rwlock_given = [] { pthread_rwlock_unlock(&shared->rwlock); };
  const auto locked = [] { lock_file(F_SETLKW); };
  const auto signalled = [] { kill(parent, SIGUSR1); };
  static sigset_t usr1, none;
  sigemptyset(&none);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, nullptr);
  std::map<std::string, Case> all;
  all["sem_wait"] = {[] { return sem_wait(&shared->semaphore); }, [] {}, post};
  all["sem_timedwait"] = {[] {
                            const timespec when = limit(CLOCK_REALTIME);
                            return sem_timedwait(&shared->semaphore, &when);
                          },
                          [] {}, [] {}, true};
  all["mutex"] = {[] { return pthread_mutex_lock(&shared->plain); }, plain_taken, plain_given};
  all["mutex_timed"] = {[] {
                          const timespec when = limit(CLOCK_REALTIME);
                          return pthread_mutex_timedlock(&shared->plain, &when);
                        },
                        plain_taken, [] {}, true};
  all["inheriting"] = {[] { return pthread_mutex_lock(&shared->inheriting); }, inheriting_taken,
                       inheriting_given};
  all["inheriting_timed"] = {[] {
                               const timespec when = limit(CLOCK_REALTIME);
                               return pthread_mutex_timedlock(&shared->inheriting, &when);
                             },
                             inheriting_taken, [] {}, true};
  all["rwlock_read"] = {[] { return pthread_rwlock_rdlock(&shared->rwlock); }, rwlock_taken,
                        rwlock_given};
  all["rwlock_write"] = {[] { return pthread_rwlock_wrlock(&shared->rwlock); }, rwlock_taken,
                         rwlock_given};
  all["rwlock_timed"] = {[] {
                           const timespec when = limit(CLOCK_REALTIME);
                           return pthread_rwlock_timedwrlock(&shared->rwlock, &when);
                         },
                         rwlock_taken, [] {}, true};
  all["barrier"] = {[] { return pthread_barrier_wait(&shared->barrier) > 0 ? 1 : 0; }, [] {},
                    [] { pthread_barrier_wait(&shared->barrier); }};
  all["condition"] = {[] {
                        pthread_mutex_lock(&shared->plain);
                        while (shared->word == 0)
                          pthread_cond_wait(&shared->condition, &shared->plain);
                        return pthread_mutex_unlock(&shared->plain);
                      },
                      [] {},
                      [] {
                        pthread_mutex_lock(&shared->plain);
                        shared->word = 1;
                        pthread_cond_signal(&shared->condition);
                        pthread_mutex_unlock(&shared->plain);
                      }};
  all["condition_timed"] = {[] {
                              pthread_mutex_lock(&shared->plain);
                              const timespec when = limit(CLOCK_REALTIME);
                              const int result =
                                  pthread_cond_timedwait(&shared->condition, &shared->plain, &when);
                              pthread_mutex_unlock(&shared->plain);
                              return result;
                            },
                            [] {}, [] {}, true};
  all["join"] = {join_busy, [] {}, [] {}};
  all["once"] = {wait_for_once, [] {}, [] {}};
  all["inside_once"] = {wait_inside_once, [] {}, post};
  all["word"] = {wait_for_word, [] {}, set_word};
  all["setlkw"] = {[] { return lock_file(F_SETLKW); }, locked, end_child};
  all["ofd_setlkw"] = {[] { return lock_file(F_OFD_SETLKW); }, locked, end_child};
  all["lockf"] = {[] { return lockf(open_file(), F_LOCK, 0); }, locked, end_child};
  all["flock"] = {[] { return flock(open_file(), LOCK_EX); }, [] { flock(open_file(), LOCK_EX); },
                  end_child};
  all["nanosleep"] = {[] {
                        timespec time = of(kLimitNs);
                        return nanosleep(&time, &time);
                      },
                      [] {}, [] {}, true};
  all["clock_nanosleep"] = {[] {
                              const timespec when = limit(CLOCK_MONOTONIC);
                              return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when,
                                                     nullptr);
                            },
                            [] {}, [] {}, true};
  // Broken off once, the kernel goes on with it as another call, which writes what is left, too.
  all["long_sleep"] = {[] {
                         signal(SIGUSR2, [](int) {});
                         const timespec time = of(300 * 1'000'000'000L);
                         timespec rest{};
                         return clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &rest);
                       },
                       [] {}, [] { kill(parent, SIGUSR2); }};
  all["usleep"] = {[] { return usleep(kLimitNs / 1000); }, [] {}, [] {}, true};
  all["waitpid"] = {[] {
                      int status = 0;
                      return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
                    },
                    [] {}, end_child};
  all["waitid"] = {[] {
                     siginfo_t info{};
                     return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
                   },
                   [] {}, end_child};
  all["io_uring"] = {io_uring, [] {}, write_byte};
  all["read"] = {[] { return read(ends[0], bytes, 1); }, [] {}, write_byte};
  all["readv"] = {[] {
                    iovec part{bytes, 1};
                    return readv(ends[0], &part, 1);
                  },
                  [] {}, write_byte};
  all["getc"] = {[] { return getc(stream()); }, [] {}, write_byte};
  all["fgets"] = {[] { return fgets(bytes, 8, stream()) == bytes ? bytes[0] : -1; }, [] {},
                  write_byte};
  all["getline"] = {[] {
                      static char* line;
                      static size_t room;
                      return getline(&line, &room, stream());
                    },
                    [] {}, write_byte};
  all["open"] = {[] { return open((folder + "/fifo").c_str(), O_RDONLY) > 0 ? 0 : -1; }, [] {},
                 [] { open((folder + "/fifo").c_str(), O_WRONLY); }};
  all["poll"] = {[] {
                   pollfd file{ends[0], POLLIN, 0};
                   return poll(&file, 1, kLimitNs / 1'000'000);
                 },
                 [] {}, [] {}, true};
  all["ppoll"] = {[] {
                    pollfd file{ends[0], POLLIN, 0};
                    const timespec time = of(kLimitNs);
                    return ppoll(&file, 1, &time, nullptr);
                  },
                  [] {}, [] {}, true};
  all["select"] = {[] {
                     timeval time{0, kLimitNs / 1000};
                     return select(0, nullptr, nullptr, nullptr, &time);
                   },
                   [] {}, [] {}, true};
  all["epoll_wait"] = {[] {
                         static const int epoll = epoll_of(ends[0]);
                         epoll_event event;
                         return epoll_wait(epoll, &event, 1, kLimitNs / 1'000'000);
                       },
                       [] {}, [] {}, true};
  all["eventfd"] = {[] {
                      uint64_t value = 0;
                      return read(shared->word, &value, sizeof value);
                    },
                    [] {},
                    [] {
                      const uint64_t one = 1;
                      if (write(shared->word, &one, sizeof one) != sizeof one) _exit(3);
                    }};
  all["semop"] = {[] { return semaphore_set(-1); }, [] { semaphore_set(0); },
                  [] { semaphore_set(1); }};
  all["semtimedop"] = {[] {
                         const timespec time = of(kLimitNs);
                         return semaphore_set(-1, &time);
                       },
                       [] {}, [] {}, true};
  all["msgrcv"] = {[] {
                     Letter letter;
                     return msgrcv(letters(), &letter, sizeof letter.text, 0, 0);
                   },
                   [] {},
                   [] {
                     Letter letter;
                     msgsnd(letters(), &letter, sizeof letter.text, 0);
                   }};
  all["mq_receive"] = {[] { return mq_receive(queue(), bytes, sizeof bytes, nullptr); }, [] {},
                       [] { mq_send(queue(), "1234", 4, 0); }};
  all["mq_timedreceive"] = {[] {
                              const timespec when = limit(CLOCK_REALTIME);
                              static const mqd_t mine = queue();
                              return mq_timedreceive(mine, bytes, sizeof bytes, nullptr, &when);
                            },
                            [] {}, [] {}, true};
  all["sigwaitinfo"] = {[] { return sigwaitinfo(&usr1, nullptr); }, [] {}, signalled};
  all["sigtimedwait"] = {[] {
                           const timespec time = of(kLimitNs);
                           return sigtimedwait(&usr1, nullptr, &time);
                         },
                         [] {}, [] {}, true};
  all["sigsuspend"] = {[] {
                         signal(SIGUSR1, [](int) {});
                         const int result = sigsuspend(&none);
                         sigset_t after;
                         sigprocmask(SIG_BLOCK, nullptr, &after);
                         return result + (sigismember(&after, SIGUSR1) == 1 ? 0 : 100);
                       },
                       [] {}, signalled};
  all["recv"] = {[] { return recv(sockets[0], bytes, 4, 0); }, [] {},
                 [] { send(sockets[1], "1234", 4, 0); }};
  all["recv_timed"] = {[] {
                         timeval time{0, kLimitNs / 1000};
                         setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
                         return recv(sockets[0], bytes, 4, 0);
                       },
                       [] {}, [] {}, true};
  // As much as fits is written at once; the rest when the child reads.
  all["write"] = {[] {
                    while (fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0) {
                    }
                    if (write(ends[1], bytes, 4000) != 4000) return long{-2};
                    return static_cast<long>(write(ends[1], bytes, 4000));
                  },
                  [] {},
                  [] {
                    if (read(ends[0], bytes, 4000) != 4000) _exit(3);
                  }};
  all["long_write"] = {[] {
                         while (fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0) {
                         }
                         return static_cast<long>(write(ends[1], bytes, sizeof bytes));
                       },
                       [] {},
                       [] {
                         for (size_t got = 0; got < sizeof bytes;)
                           got += static_cast<size_t>(read(ends[0], bytes, sizeof bytes - got));
                       }};
  all["long_recv"] = {[] { return recv(sockets[0], bytes, 8, MSG_WAITALL); },
                      [] { send(sockets[1], "1234", 4, 0); },
                      [] { send(sockets[1], "5678", 4, 0); }};
  all["system"] = {[] { return system(("read line <" + folder + "/fifo; exit 3").c_str()) >> 8; },
                   [] {},
                   [] {
                     const int fifo = open((folder + "/fifo").c_str(), O_WRONLY);
                     if (write(fifo, "x\n", 2) != 2) _exit(3);
                   }};
  return all;
}

void be_the_child(const Case& what) {
  what.take();
  sem_post(&shared->taken);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) < 0) {
  }
  shared->done = true;
  what.give();
  sem_wait(&shared->over);  // what it holds, it holds until then
  _exit(7);
}

long wait_again_and_again(const Case& what) {
  long results = 0;
  bool first = true;
  while (!shared->done) {
    const timespec before = now(CLOCK_MONOTONIC);
    errno = 0;
    const long result = what.wait() * 1000 + errno;
    if (ns(now(CLOCK_MONOTONIC)) - ns(before) < kLimitNs) return -1;
    if (!first && result != results) return -2;
    results = result;
    first = false;
  }
  return results;
}

}  // namespace

int main(int, char** arguments) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  parent = getpid();
  shared = static_cast<Shared*>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  shared_attributes();
  mkfifo((folder + "/fifo").c_str(), 0600);
  const std::string name = arguments[1];
  const auto all = cases();
  if (name == "list") {
    for (const auto& [each, unused] : all) puts(each.c_str());
    return 0;
  }
  const Case& what = all.at(name);
  if (name == "eventfd") shared->word = eventfd(0, EFD_CLOEXEC);
  if (pipe2(ends, O_CLOEXEC) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 3;
  child = fork();
  if (child == 0) be_the_child(what);
  sem_wait(&shared->taken);
  printf("ready\n");
  errno = 4711;
  const long result = what.timed ? wait_again_and_again(what) : what.wait();
  printf("%s: %ld, %s\n", name.c_str(), result, strerror(errno));
  sem_post(&shared->over);
  if (name != "waitpid") waitpid(child, nullptr, 0);
  if (name == "semop" || name == "semtimedop")
    semctl(semget(0x7ac4 + static_cast<int>(parent), 1, 0), 0, IPC_RMID);
  if (name == "msgrcv") msgctl(letters(), IPC_RMID, nullptr);
  mq_unlink(("/waiting" + std::to_string(parent)).c_str());
}
