// what: One thread reads the index and writes the log, the other the other way round.
// expect: deadlock created_by=start_indexer
// expect: deadlock created_by=start_logger
#include "samples/kernels/kernel.h"

struct Engine {
  std::shared_mutex index, log;
  std::latch locked{2};
  void meet() { kFixed ? locked.count_down() : locked.arrive_and_wait(); }
};

void run_indexer(std::shared_ptr<Engine> engine) {
  std::unique_lock index(engine->index);
  engine->meet();
  std::shared_lock log(engine->log);
}

void run_logger(std::shared_ptr<Engine> engine) {
  std::unique_lock log(engine->log);
  if (kFixed) log.unlock();
  engine->meet();
  std::shared_lock index(engine->index);
}

void start_indexer(Threads& threads, const std::shared_ptr<Engine>& engine) {
  threads.start(run_indexer, engine);
}

void start_logger(Threads& threads, const std::shared_ptr<Engine>& engine) {
  threads.start(run_logger, engine);
}

int main() {
  auto engine = std::make_shared<Engine>();
  Threads threads;
  start_indexer(threads, engine);
  start_logger(threads, engine);
  engine->locked.wait();
}
