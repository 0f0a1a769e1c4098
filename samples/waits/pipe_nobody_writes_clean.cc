// what: A thread reads commands from a pipe, and a child process is about to write one.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <thread>

static int commands[2];

void read_commands() {
  char command = 0;
  while (read(commands[0], &command, 1) == 1 && command != 'q') {
  }
}

int main() {
  if (pipe(commands) != 0) return 1;
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sleep(20);
    _exit(write(commands[1], "q", 1) == 1 ? 0 : 1);
  }
  std::thread(read_commands).join();
}
