// what: A thread reads commands from a pipe, and main waits for it before it writes the first one.
// expect: stuck-task proved|likely count=1 created_by=start_reader blocked_in=read_commands
// expect: stuck-task proved|likely count=1 blocked_in=main
// options: --timeout 1
// exit: 23
#include <unistd.h>

#include <thread>

static int commands[2];

[[gnu::noinline]] void read_commands() {
  char command = 0;
  while (read(commands[0], &command, 1) == 1 && command != 'q') {
  }
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] std::thread start_reader() {
  return std::thread(read_commands);
}

int main() {
  if (pipe(commands) != 0) return 1;
  std::thread reader = start_reader();
  reader.join();
  if (write(commands[1], "q", 1) != 1) return 1;
}
