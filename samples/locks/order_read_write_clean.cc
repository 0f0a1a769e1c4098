// what: Both only read the table: readers do not wait for each other.
// expect: clean
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>

static std::shared_mutex table;
static std::mutex queue;
static std::latch looked(1), counted(1);

void look_up() {
  {
    std::shared_lock reading(table);
    std::lock_guard waiting(queue);
  }
  looked.count_down();
  counted.wait();
}

void count() {
  looked.wait();
  {
    std::lock_guard waiting(queue);
    std::shared_lock reading(table);
  }
  counted.count_down();
}

int main() {
  std::jthread reader(look_up), counter(count);
}
