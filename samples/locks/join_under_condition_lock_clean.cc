// what: The lock is given back before the join: the woken worker gets it.
// expect: clean
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

static std::latch stopped(1);

class Flusher {
 public:
  void start() { worker_ = std::thread(&Flusher::run, this); }
  void stop() {
    waiting_.wait();
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
      wake_.notify_all();
    }
    worker_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    waiting_.count_down();
    wake_.wait(lock, [this] { return stop_; });
    flushed_ += 1;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::latch waiting_{1};
  bool stop_ = false;
  int flushed_ = 0;
  std::thread worker_;
};

int main() {
  auto flusher = std::make_shared<Flusher>();
  flusher->start();
  std::thread([flusher] {
    flusher->stop();
    stopped.count_down();
  }).detach();
  stopped.wait();
}
