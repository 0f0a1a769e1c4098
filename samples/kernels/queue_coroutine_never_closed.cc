// what: Coroutines range over a channel that is never closed.
// expect: orphaned-coroutine created_by=start_readers
#include "samples/kernels/kernel.h"

using Lines = AsyncChannel<std::string>;

co::detached read_lines(Executor& executor, std::shared_ptr<Lines> lines) {
  co_await executor.schedule();
  for (bool more = true; more;) {
    const std::optional<std::string> line = co_await lines->pop();
    more = line.has_value();
  }
}

void start_readers(Executor& executor, const std::shared_ptr<Lines>& lines) {
  for (int i = 0; i < 2; ++i) read_lines(executor, lines);
}

co::detached write_lines(Executor& executor, std::shared_ptr<Lines> lines) {
  co_await executor.schedule();
  for (int i = 0; i < 4; ++i) co_await lines->push("line");
  if (kFixed) lines->close();
}

int main() {
  Executor executor(2);
  auto lines = std::make_shared<Lines>(executor, 1);
  start_readers(executor, lines);
  write_lines(executor, lines);
  executor.await_idle();
}
