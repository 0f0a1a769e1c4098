// what: A thread_local unique_lock is released by its destructor at the thread's end.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex licence;

void use_licence() {
  thread_local std::unique_lock<std::mutex> held(licence);
  if (!held.owns_lock()) held.lock();
}

void run_session() {
  std::jthread session(use_licence);
}

int main() {
  run_session();
  run_session();
}
