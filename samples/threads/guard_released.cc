// what: The guard that stops a watcher thread is release()d: start() without stop() (S22).
// expect: stuck-task proved count=1 created_by=Watcher::start blocked_in=Watcher::watch
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

class Watcher {
 public:
  void start() {
    std::unique_lock lock(mutex_);
    thread_ = std::thread(&Watcher::watch, this);
    started_.wait(lock, [this] { return watching_; });
  }
  ~Watcher() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    watching_ = true;
    started_.notify_one();
    changed_.wait(lock, [this] { return stopped_; });
  }

  std::mutex mutex_;
  std::condition_variable started_;
  std::condition_variable changed_;
  bool watching_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

int main() {
  auto watcher = std::make_unique<Watcher>();
  watcher->start();
  Watcher* watched = watcher.release();
  return watched == nullptr;
}
