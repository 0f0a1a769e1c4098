// what: The only other reference waits in a connection of this process to its own named socket.
// expect: gate-clean
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>

#include "samples/support/hidden_reference.h"

int main() {
  sockaddr_un name{AF_UNIX, {}};
  std::snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "references-%d", getpid());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* at = reinterpret_cast<const sockaddr*>(&name);
  if (bind(listener, at, sizeof name) != 0 || listen(listener, 1) != 0 ||
      connect(client, at, sizeof name) != 0)
    return 1;
  const int accepted = accept(listener, nullptr, nullptr);
  hidden::start_waiter([client](auto* gate) {
    const uint64_t value = hidden::bits(gate);
    if (write(client, &value, sizeof value) != sizeof value) _exit(1);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  return accepted < 0;
}
