// Leaves one thread blocked for ever (or none: second argument `clean`), says "ready PID", and ends
// in the way its first argument names.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace {

std::mutex* const never = new std::mutex;

void wait_for_ever() {
  never->lock();
}

struct Hanging {
  ~Hanging() {
    for (;;) pause();
  }
};

void end(const std::string& how) {
  if (how == "exit") std::exit(0);
  if (how == "quick_exit") std::quick_exit(0);
  if (how == "_exit") _exit(0);
  if (how == "abort") std::abort();
  if (how == "segv") raise(SIGSEGV);
  if (how == "kill") raise(SIGKILL);
  if (how == "forever")
    for (;;) pause();
  if (how == "hang") static Hanging hanging;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "return";
  if (argc <= 2) {
    never->lock();
    new std::thread(wait_for_ever);
  }
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  end(how);
  return how == "return3" ? 3 : 0;
}
