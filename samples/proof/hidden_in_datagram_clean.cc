// what: The only other reference waits in a socket that this process sent to by its address.
// expect: gate-clean
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "samples/support/hidden_reference.h"

int main() {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  const int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto* at = reinterpret_cast<sockaddr*>(&name);
  if (bind(to, at, sizeof name) != 0 || getsockname(to, at, &length) != 0) return 1;
  hidden::start_waiter([&](auto* gate) {
    const uint64_t value = hidden::bits(gate);
    if (sendto(from, &value, sizeof value, 0, at, length) != sizeof value) _exit(1);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
