// what: constructors before and destructors and atexit handlers after main may use every hook
#include <pthread.h>
#include <time.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void use_everything(const char* where) {
  pthread_mutex_lock(&mutex);
  std::vector<std::unique_ptr<int>> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(std::make_unique<int>(i));
  pthread_mutex_unlock(&mutex);
  int sum = 0;
  std::thread([&] {
    for (const auto& number : numbers) sum += *number;
  }).join();
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
  printf("%s %d\n", where, sum);
}

__attribute__((constructor(102))) static void early() {
  use_everything("constructor 102");
}
__attribute__((destructor)) static void late() {
  use_everything("destructor");
}
struct Object {
  Object() { use_everything("static constructor"); }
  ~Object() { use_everything("static destructor"); }
};
static Object object;

int main() {
  atexit([] { use_everything("atexit"); });
  use_everything("main");
}
