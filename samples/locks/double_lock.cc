// what: A method that holds its mutex calls another one that takes it again; main hangs (S11).
// expect: deadlock proved count=1 blocked_in=Cache::size
// options: --timeout 3
#include <cstddef>
#include <mutex>
#include <vector>

class Cache {
 public:
  std::size_t size() {
    std::lock_guard lock(mutex_);
    return values_.size();
  }
  void insert(int value) {
    std::lock_guard lock(mutex_);
    if (size() < 10) values_.push_back(value);
  }

 private:
  std::mutex mutex_;
  std::vector<int> values_;
};

int main() {
  Cache cache;
  cache.insert(1);
}
