// Images of a busy server, one after the other, and tracers of it that are killed at any moment:
// its clients see no error, its calls no EINTR, and it neither gains nor loses a descriptor, a
// thread or a child. usage: image_storm IMAGES KILLS
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/proc.h"

namespace {

using namespace track;

constexpr int kWorkers = 8, kSleepers = 8, kClients = 4;

struct Shared {
  std::atomic<int> ready{0}, stop{0};
  std::atomic<uint64_t> requests{0}, sleeps{0};
  std::atomic<int> server_error{0}, server_errno{0};  // the line where it was seen first
  std::atomic<int> client_error{0};
  std::atomic<int> interrupted{0};  // epoll_wait
};

void fail(Shared& shared, int line) {
  int none = 0;
  shared.server_errno = errno;
  shared.server_error.compare_exchange_strong(none, line);
}

sockaddr_un address_of(pid_t parent) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "track-storm-%d", parent);
  return address;
}

// Each worker accepts from one socket and serves its connections, by epoll.
void work(Shared& shared, int listener) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{EPOLLIN | EPOLLEXCLUSIVE, {.fd = listener}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  while (shared.stop == 0) {
    epoll_event got[16];
    const int n = epoll_wait(epoll, got, 16, 1000);
    if (n < 0 && errno == EINTR) ++shared.interrupted;
    if (n < 0 && errno != EINTR) return fail(shared, __LINE__);
    for (int i = 0; i < n; ++i) {
      if (got[i].data.fd == listener) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0 && errno != EAGAIN) return fail(shared, __LINE__);
        if (fd < 0) continue;
        epoll_event add{EPOLLIN, {.fd = fd}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &add);
        continue;
      }
      char bytes[4096];
      const ssize_t length = read(got[i].data.fd, bytes, sizeof bytes);
      if (length < 0) return fail(shared, __LINE__);
      if (length == 0) {
        close(got[i].data.fd);
        continue;
      }
      std::vector<char> answer(bytes, bytes + length);
      std::reverse(answer.begin(), answer.end());
      if (write(got[i].data.fd, answer.data(), answer.size()) != length)
        return fail(shared, __LINE__);
      ++shared.requests;
    }
  }
}

// Waits of other kinds, none of which may end early or with an error.
void sleep_in_many_ways(Shared& shared, int kind) {
  std::mutex mutex;
  std::condition_variable never;
  while (shared.stop == 0) {
    errno = 0;
    if (kind % 4 == 0) {
      const timespec nap{0, 3'000'000};
      if (nanosleep(&nap, nullptr) != 0) return fail(shared, __LINE__);
    } else if (kind % 4 == 1) {
      if (poll(nullptr, 0, 3) != 0) return fail(shared, __LINE__);
    } else if (kind % 4 == 2) {
      std::unique_lock lock(mutex);
      never.wait_for(lock, std::chrono::milliseconds(3));
    } else {
      // On a processor all the time, in registers.
      double sum = 0;
      for (int i = 1; i < 100'000; ++i) sum += 1.0 / i;
      if (static_cast<int>(sum * 1e6) != 12090136) return fail(shared, __LINE__);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ++shared.sleeps;
  }
}

int serve(Shared& shared, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(parent);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 2;
  listen(listener, 64);
  std::vector<char> ballast(32 << 20, 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kWorkers; ++i) threads.emplace_back([&] { work(shared, listener); });
  for (int i = 0; i < kSleepers; ++i)
    threads.emplace_back([&, i] { sleep_in_many_ways(shared, i); });
  shared.ready = 1;
  for (std::thread& thread : threads) thread.join();
  // No child was ever made, so there is none to wait for.
  if (waitpid(-1, nullptr, __WALL | WNOHANG) != -1 || errno != ECHILD) fail(shared, __LINE__);
  return shared.server_error == 0 ? 0 : 1;
}

int ask(Shared& shared, pid_t parent, int seed) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const sockaddr_un address = address_of(parent);
  std::minstd_rand random(static_cast<unsigned>(seed));
  while (shared.stop == 0) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
    for (int i = 0; i < 50 && shared.stop == 0; ++i) {
      std::string text(1 + random() % 500, ' ');
      for (char& c : text) c = static_cast<char>('a' + random() % 26);
      if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return 2;
      std::string answer(text.size(), '\0');
      if (recv(fd, answer.data(), answer.size(), MSG_WAITALL) !=
          static_cast<ssize_t>(answer.size()))
        return shared.stop != 0 ? 0 : 3;
      std::reverse(answer.begin(), answer.end());
      if (answer != text) return 4;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    close(fd);
  }
  return 0;
}

std::string children_of(pid_t pid) {
  std::string all;
  for (const pid_t tid : process::thread_ids(pid)) {
    const std::string path =
        "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/children";
    if (FILE* file = std::fopen(path.c_str(), "r")) {
      char text[256];
      if (std::fgets(text, sizeof text, file) != nullptr) all += text;
      std::fclose(file);
    }
  }
  return all;
}

int problems = 0;

void expect(bool fine, const char* what) {
  if (fine || ++problems > 20) return;
  std::printf("image_storm: %s\n", what);
}

bool awaited_progress(const Shared& shared) {
  const uint64_t requests = shared.requests, sleeps = shared.sleeps;
  for (int i = 0; i < 20'000; ++i) {
    if (shared.requests > requests + 4 && shared.sleeps > sleeps + 4) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

void look_around(const Shared& shared, pid_t server, size_t threads) {
  expect(process::thread_ids(server).size() == threads, "the server has another number of threads");
  expect(children_of(server).empty(), "the server has a child");
  expect(shared.server_error == 0, "a call of the server failed");
}

}  // namespace

int main(int argc, char** argv) {
  const int images = argc > 1 ? std::atoi(argv[1]) : 100,
            kills = argc > 2 ? std::atoi(argv[2]) : 10;
  auto& shared = *new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared;
  const pid_t self = getpid();
  const pid_t server = fork();
  if (server == 0) _exit(serve(shared, self));
  while (shared.ready == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::vector<pid_t> clients;
  for (int i = 0; i < kClients; ++i) {
    const pid_t client = fork();
    if (client == 0) {
      const int result = ask(shared, self, i);
      if (result != 0) shared.client_error = result;
      _exit(result);
    }
    clients.push_back(client);
  }
  expect(awaited_progress(shared), "the server never got to work");
  const size_t threads = process::thread_ids(server).size();

  int forked = 0;
  uint64_t longest = 0;
  for (int i = 0; i < images; ++i) {
    try {
      const ProcessImage image = process::stop_process(server);
      expect(image.coherent, "an image is not of one instant");
      forked += image.pause_for == "a copy-on-write image";
      longest = std::max(longest, image.pause_ns);
    } catch (const Error& error) {
      expect(false, error.what());
    }
    look_around(shared, server, threads);
  }
  expect(images == 0 || forked > 0, "no image was forked");
  expect(awaited_progress(shared), "the server stands still after the images");

  expect(shared.interrupted == 0, "epoll_wait was interrupted");
  // A tracer that is killed in the microseconds between a thread's stop and its own look at it
  // leaves the kernel's EINTR standing: counted, and no error.
  std::minstd_rand random(static_cast<unsigned>(self));
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    const pid_t tracer = fork();
    if (tracer == 0) {
      for (;;) {
        try {
          process::stop_process(server);
        } catch (const Error&) {
          // The one before may just be on its way out.
        }
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    kill(tracer, SIGKILL);
    int status = 0;
    waitpid(tracer, &status, 0);
    killed += WIFSIGNALED(status);
    expect(awaited_progress(shared), "the server stands still after a tracer was killed");
    // The borrowed thread may still be on its way back.
    for (int k = 0; k < 10'000 && !children_of(server).empty(); ++k)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    look_around(shared, server, threads);
  }
  expect(killed == kills, "a tracer ended by itself");

  shared.stop = 1;
  int status = 0;
  for (const pid_t client : clients) {
    waitpid(client, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a client saw an error");
  }
  waitpid(server, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server saw an error");
  if (shared.server_error != 0)
    std::printf("image_storm: line %d: %s\n", shared.server_error.load(),
                std::strerror(shared.server_errno));
  std::printf(
      "image_storm: %d images, %d of them forked, longest pause %.1f ms; %d tracers killed; "
      "%d calls interrupted then; %llu requests; %d problem(s)\n",
      images, forked, static_cast<double>(longest) / 1e6, killed, shared.interrupted.load(),
      static_cast<unsigned long long>(shared.requests), problems);
  return problems == 0 ? 0 : 1;
}
