// what: A method that holds its recursive mutex calls another one that takes it again.
// expect: clean
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
  std::recursive_mutex mutex_;
  std::vector<int> values_;
};

int main() {
  Cache cache;
  cache.insert(1);
}
