// what: A pipe to itself, a socket pair and a named pipe are open, and nothing is in them.
// expect: stuck-task proved count=1 created_by=start_waiter
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "samples/support/hidden_reference.h"

static int pipe_ends[2], socket_ends[2], named_pipe;

static bool open_named_pipe() {
  char folder[] = "/tmp/channels_are_empty.XXXXXX";
  if (mkdtemp(folder) == nullptr) return false;
  const std::string name = std::string(folder) + "/pipe";
  named_pipe = mkfifo(name.c_str(), 0600) == 0 ? open(name.c_str(), O_RDWR) : -1;
  unlink(name.c_str());
  rmdir(folder);
  return named_pipe >= 0;
}

int main() {
  if (pipe(pipe_ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, socket_ends) != 0 ||
      !open_named_pipe())
    return 1;
  // They were used, and what was in them was read.
  for (const int ends : {pipe_ends[1], socket_ends[1], named_pipe})
    if (write(ends, "wake", 4) != 4) return 1;
  char word[4];
  for (const int ends : {pipe_ends[0], socket_ends[0], named_pipe})
    if (read(ends, word, sizeof word) != sizeof word) return 1;
  hidden::start_waiter([](auto*) {});
  hidden::waiting.acquire();
}
