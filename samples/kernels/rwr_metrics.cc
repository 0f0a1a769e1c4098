// what: A recursive read of a hand-written lock that lets no reader past a waiting writer.
// expect: stuck-task created_by=start_scraper
// expect: stuck-task created_by=start_updater
#include "samples/kernels/kernel.h"

struct Registry {
  WriterFirstLock lock;
  std::latch reading{1};
  std::vector<std::string> names{"requests"};
};

static std::latch scraping(1);

std::size_t count_names(Registry& registry) {
  std::shared_lock lock(registry.lock);
  return registry.names.size();
}

void scrape(std::shared_ptr<Registry> registry) {
  std::shared_lock lock(registry->lock);
  registry->reading.count_down();
  registry->lock.await_writer();
  scraping.count_down();
  if (kFixed) lock.unlock();
  count_names(*registry);
}

void update(std::shared_ptr<Registry> registry) {
  registry->reading.wait();
  std::unique_lock lock(registry->lock);
  registry->names.push_back("errors");
}

void start_scraper(Threads& threads, const std::shared_ptr<Registry>& registry) {
  threads.start(scrape, registry);
}

void start_updater(Threads& threads, const std::shared_ptr<Registry>& registry) {
  threads.start(update, registry);
}

int main() {
  auto registry = std::make_shared<Registry>();
  Threads threads;
  start_scraper(threads, registry);
  start_updater(threads, registry);
  scraping.wait();
}
