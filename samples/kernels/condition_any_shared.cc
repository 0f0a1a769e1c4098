// what: Readers wait with a shared lock for news; the only writer ended after an error.
// expect: stuck-task created_by=start_reader
#include "samples/kernels/kernel.h"

struct News {
  std::shared_mutex mutex;
  std::condition_variable_any arrived;
  int count = 0;
};

static std::latch reading(2);

[[gnu::noinline]] void start_reader(Threads& threads, std::shared_ptr<News> news) {
  threads.start([news] {
    std::shared_lock lock(news->mutex);
    reading.count_down();
    news->arrived.wait(lock, [&] { return news->count != 0; });
  });
}

void publish(News& news, bool broken) {
  std::lock_guard lock(news.mutex);
  if (broken && !kFixed) return;
  ++news.count;
  news.arrived.notify_all();
}

int main() {
  Threads threads;
  auto news = std::make_shared<News>();
  for (int i = 0; i < 2; ++i) start_reader(threads, news);
  reading.wait();
  std::thread([&] { publish(*news, true); }).join();
}
