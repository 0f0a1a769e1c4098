// what: A thread returns early between lock() and unlock(), and ends (S09).
// expect: lock-held-at-exit proved count=1 created_by=run_import
#include <mutex>
#include <thread>

static std::mutex catalogue;
static int imported = 0;

void import_line(int fields) {
  catalogue.lock();
  if (fields == 0) return;
  imported += 1;
  catalogue.unlock();
}

void run_import() {
  std::thread importer(import_line, 0);
  importer.join();
}

int main() {
  run_import();
}
