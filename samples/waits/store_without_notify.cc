// what: An atomic gets its value, but the thread that sleeps on it is never notified (S12).
// expect: stuck-task proved count=1 created_by=start_reader blocked_in=await_version
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

static std::atomic<int> reader = 0;

void await_version(std::atomic<int>* version) {
  reader = gettid();
  version->wait(0);
}

void await_its_sleep() {
  constexpr auto kFutex = "202";
  for (std::string call; call != kFutex; std::this_thread::yield())
    if (const int tid = reader; tid != 0)
      std::ifstream("/proc/self/task/" + std::to_string(tid) + "/syscall") >> call;
}

void start_reader() {
  auto* version = new std::atomic<int>(0);
  std::thread(await_version, version).detach();
  await_its_sleep();
  version->store(1);
}

int main() {
  start_reader();
}
