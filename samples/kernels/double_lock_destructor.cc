// what: Under the registry's lock the last reference goes; the destructor takes that lock.
// expect: deadlock created_by=start_cleaner
#include "samples/kernels/kernel.h"

struct Session;
struct Registry {
  std::mutex mutex;
  std::map<int, std::shared_ptr<Session>> sessions;
  int ended = 0;
};

struct Session {
  explicit Session(Registry& registry) : registry(registry) {}
  ~Session() {
    std::lock_guard lock(registry.mutex);
    ++registry.ended;
  }
  Registry& registry;
};

static Registry registry;
static std::latch cleaning(1);

void clean() {
  std::shared_ptr<Session> last;
  std::unique_lock lock(registry.mutex);
  cleaning.count_down();
  if (kFixed) last = registry.sessions.begin()->second;
  registry.sessions.clear();
  lock.unlock();
}

void start_cleaner(Threads& threads) {
  threads.start(clean);
}

int main() {
  registry.sessions[1] = std::make_shared<Session>(registry);
  Threads threads;
  start_cleaner(threads);
  cleaning.wait();
}
