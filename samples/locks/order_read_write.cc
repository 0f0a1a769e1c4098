// what: A reader takes the queue's lock below the table's, a writer the other way round.
// expect: lock-order suspected count=2 blocked_in=look_up|rebuild
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>

static std::shared_mutex table;
static std::mutex queue;
static std::latch looked(1), rebuilt(1);

void look_up() {
  {
    std::shared_lock reading(table);
    std::lock_guard waiting(queue);
  }
  looked.count_down();
  rebuilt.wait();
}

void rebuild() {
  looked.wait();
  {
    std::lock_guard waiting(queue);
    std::unique_lock writing(table);
  }
  rebuilt.count_down();
}

int main() {
  std::jthread reader(look_up), writer(rebuild);
}
