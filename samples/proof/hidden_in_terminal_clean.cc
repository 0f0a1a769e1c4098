// what: The only other reference waits in a terminal whose both sides this process has.
// expect: gate-clean
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "samples/support/hidden_reference.h"

static int master, terminal;

int main() {
  master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return 1;
  terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  termios settings{};
  if (terminal < 0 || tcgetattr(terminal, &settings) != 0) return 1;
  cfmakeraw(&settings);
  if (tcsetattr(terminal, TCSANOW, &settings) != 0) return 1;
  hidden::start_waiter([](auto* gate) {
    uint64_t value = hidden::bits(gate);
    if (write(master, &value, sizeof value) != sizeof value) std::terminate();
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
