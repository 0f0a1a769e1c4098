// what: Main and a worker take two locks in the same order, one at a time.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex document, disk;

void save_document() {
  std::lock_guard reading(document);
  std::lock_guard writing(disk);
}

void autosave() {
  for (int i = 0; i < 100; ++i) save_document();
}

int main() {
  std::jthread autosaver(autosave);
  for (int i = 0; i < 100; ++i) save_document();
}
