// what: A thread-local lock that is created with new is never unlocked at the thread's end (S09).
// expect: lock-held-at-exit proved count=1 created_by=run_session
#include <mutex>
#include <thread>

static std::mutex licence;

void use_licence() {
  thread_local auto* held = new std::unique_lock<std::mutex>(licence);
  if (!held->owns_lock()) held->lock();
}

void run_session() {
  std::jthread session(use_licence);
}

int main() {
  run_session();
}
