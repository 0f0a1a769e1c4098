// Holds its first argument, a secret, wherever a program may: on the heap, on stacks, in globals,
// beside locks that are waited for, at the head of what keeps a coroutine, and in its environment.
// Says "ready", and ends when its input does.
#include <pthread.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

struct Session {
  struct promise_type {
    Session get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Session session(std::string password) {
  co_await std::suspend_always{};
  std::puts(password.c_str());
}

template <class Lock>
struct Guarded {
  char before[64];
  Lock lock;
  char after[64];
  void fill(const char* secret) {
    std::strncpy(before, secret, sizeof before - 1);
    std::strncpy(after, secret, sizeof after - 1);
  }
};

struct Keeper {
  char password[64];  // its first word is one of the secret's
  std::coroutine_handle<> session;
};

Guarded<pthread_mutex_t> g_mutex;
Guarded<pthread_rwlock_t> g_rwlock;
Guarded<pthread_spinlock_t> g_spinlock;

}  // namespace

Keeper* keeper;

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string secret = arguments[1];
  setenv("PASSWORD", secret.c_str(), 1);
  pthread_mutex_init(&g_mutex.lock, nullptr);
  pthread_rwlock_init(&g_rwlock.lock, nullptr);
  pthread_spin_init(&g_spinlock.lock, PTHREAD_PROCESS_PRIVATE);
  g_mutex.fill(secret.c_str());
  g_rwlock.fill(secret.c_str());
  g_spinlock.fill(secret.c_str());
  keeper = static_cast<Keeper*>(std::malloc(sizeof *keeper));
  std::snprintf(keeper->password, sizeof keeper->password, "%s", secret.c_str());
  keeper->session = session(secret).handle;
  pthread_mutex_lock(&g_mutex.lock);
  pthread_rwlock_wrlock(&g_rwlock.lock);
  pthread_spin_lock(&g_spinlock.lock);
  std::thread([secret] { pthread_mutex_lock(&g_mutex.lock); }).detach();
  std::thread([secret] { pthread_rwlock_rdlock(&g_rwlock.lock); }).detach();
  std::printf("ready\n");
  std::fflush(stdout);
  char byte = 0;
  while (read(0, &byte, 1) > 0) {
  }
  _exit(0);
}
