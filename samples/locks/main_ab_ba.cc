// what: Main and a worker take two locks in opposite order; the program hangs (S11).
// expect: deadlock proved count=2 blocked_in=save_document|autosave
// options: --timeout 3
#include <barrier>
#include <mutex>
#include <thread>

static std::mutex document, disk;
static std::barrier both_hold_one(2);

void autosave() {
  std::lock_guard writing(disk);
  both_hold_one.arrive_and_wait();
  std::lock_guard reading(document);
}

void save_document() {
  std::lock_guard reading(document);
  both_hold_one.arrive_and_wait();
  std::lock_guard writing(disk);
}

int main() {
  std::jthread autosaver(autosave);
  save_document();
}
