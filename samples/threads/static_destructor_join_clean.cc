// what: A static destructor that lets go of its lock before it joins its thread.
// expect: clean
#include <latch>
#include <mutex>
#include <thread>

class Registry {
 public:
  void start() { thread_ = std::thread(&Registry::flush, this); }
  ~Registry() {
    {
      std::lock_guard lock(mutex_);
      stopping_.count_down();
    }
    thread_.join();
  }

 private:
  void flush() {
    stopping_.wait();
    std::lock_guard lock(mutex_);
  }

  std::mutex mutex_;
  std::latch stopping_{1};
  std::thread thread_;
};

static Registry registry;

int main() {
  registry.start();
}
