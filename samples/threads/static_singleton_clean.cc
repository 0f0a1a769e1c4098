// what: A static singleton that owns a thread, a map and a lock, all used until the very end.
// expect: clean
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

class Metrics {
 public:
  static Metrics& instance() {
    static Metrics metrics;
    return metrics;
  }
  void count(const std::string& name) {
    std::lock_guard lock(mutex_);
    counts_[name] += 1;
  }
  ~Metrics() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_one();
    publisher_.join();
  }

 private:
  void publish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
  bool stopped_ = false;
  std::thread publisher_{&Metrics::publish, this};
};

int main() {
  for (int i = 0; i < 100; ++i) Metrics::instance().count("requests");
}
