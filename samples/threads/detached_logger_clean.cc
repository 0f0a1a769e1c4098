// what: A detached logger that is told to stop and awaited.
// expect: clean
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "samples/support/queue.h"

struct Logger {
  Queue<std::string> lines{16};
  std::promise<void> ended;
};

void log_lines(std::shared_ptr<Logger> logger) {
  while (auto line = logger->lines.pop()) std::puts(line->c_str());
  logger->ended.set_value_at_thread_exit();
}

std::shared_ptr<Logger> start_logger() {
  auto logger = std::make_shared<Logger>();
  std::thread(log_lines, logger).detach();
  return logger;
}

int main() {
  auto logger = start_logger();
  logger->lines.push("started");
  logger->lines.push("stopped");
  logger->lines.close();
  logger->ended.get_future().wait();
}
