// A chat server to watch: coroutines for clients, threads for I/O and for slow commands, timers,
// and on request (--leak) the classic defects of such servers. README.md has the table.
#include <cstdio>
#include <thread>
#include <vector>

#include "samples/chat_server/options.h"
#include "samples/chat_server/server.h"

static void run_io(asio::io_context& io) {
  io.run();
}

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  // Never destroyed: what is left in it at the end is leaked, not tidied away by a destructor.
  auto& io = *new asio::io_context(options.threads);
  try {
    Server server(io, options);
    server.start();
    std::printf("listening on %d\n", server.port());
    std::fflush(stdout);
    std::vector<std::jthread> threads;
    for (int i = 1; i < options.threads; ++i) threads.emplace_back(run_io, std::ref(io));
    run_io(io);
    threads.clear();
    server.workers().join();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chat_server: %s\n", error.what());
    return 1;
  }
}
