// what: Main lets go of the lock before it joins the worker.
// expect: clean
#include <latch>
#include <mutex>
#include <thread>

class Downloads {
 public:
  void start() { worker_ = std::thread(&Downloads::finish, this); }
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_.count_down();
    }
    worker_.join();
  }

 private:
  void finish() {
    stopping_.wait();
    std::lock_guard lock(mutex_);
    finished_ += 1;
  }

  std::mutex mutex_;
  std::latch stopping_{1};
  int finished_ = 0;
  std::thread worker_;
};

int main() {
  Downloads downloads;
  downloads.start();
  downloads.stop();
}
