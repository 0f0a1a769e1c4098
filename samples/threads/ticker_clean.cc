// what: A ticker thread that ends with its session.
// expect: clean
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

class Session {
 public:
  Session() : ticker_([this](std::stop_token stop) { tick(stop); }) {}

 private:
  void tick(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      closed_.wait_for(lock, stop, std::chrono::seconds(30), [] { return false; });
    }
  }

  std::mutex mutex_;
  std::condition_variable_any closed_;
  std::jthread ticker_;
};

int main() {
  Session session;
}
