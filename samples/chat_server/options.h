// What the command line asks of the server, and which defects to plant.
#pragma once

#include <string>

// The classic server leaks; README.md says where each one lives.
struct Leaks {
  bool session = false;
  bool writer = false;
  bool timer = false;
  bool worker = false;
  bool lock = false;
  bool joinless = false;
  bool any() const { return session || writer || timer || worker || lock || joinless; }
};

struct Options {
  int port = 0;       // 0: the kernel chooses one
  int threads = 2;    // that run the io_context, main included
  int workers = 2;    // for slow commands
  int idle_s = 300;   // a silent client is disconnected after this time
  bool echo = false;  // --mode echo: every line is answered by a coroutine of its own
  Leaks leaks;
};

// Exits with status 2 and a message when the arguments make no sense.
Options parse_options(int argc, char** argv);
