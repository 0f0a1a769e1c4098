// what: Two detached threads lock in opposite order, and wait by a system call of their own.
// expect: stuck-task proved count=2 created_by=start_transfers
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

#include "samples/support/futex_lock.h"

struct Accounts {
  FutexLock savings, checking;
};

static std::latch both(2), locked(2);

static void transfer(std::shared_ptr<Accounts> accounts, FutexLock& from, FutexLock& to) {
  std::lock_guard give(from);
  both.arrive_and_wait();
  locked.count_down();
  std::lock_guard take(to);
}

[[gnu::noinline]] static void start_transfers() {
  auto accounts = std::make_shared<Accounts>();
  for (const bool back : {false, true})
    std::thread(transfer, accounts, std::ref(back ? accounts->checking : accounts->savings),
                std::ref(back ? accounts->savings : accounts->checking))
        .detach();
}

int main() {
  start_transfers();
  locked.wait();
}
