// what: A detached logger waits for lines for ever; nobody tells it that the program is over (S13).
// expect: stuck-task proved count=1 created_by=start_logger blocked_in=log_lines
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "samples/support/queue.h"

void log_lines(std::shared_ptr<Queue<std::string>> lines) {
  while (auto line = lines->pop()) std::puts(line->c_str());
}

std::shared_ptr<Queue<std::string>> start_logger() {
  auto lines = std::make_shared<Queue<std::string>>(16);
  std::thread(log_lines, lines).detach();
  return lines;
}

int main() {
  auto lines = start_logger();
  lines->push("started");
  lines->push("stopped");
  lines->await_blocked(1, false);
}
