// what: A thread returns early under a lock_guard.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex catalogue;
static int imported = 0;

void import_line(int fields) {
  std::lock_guard lock(catalogue);
  if (fields == 0) return;
  imported += 1;
}

void run_import() {
  std::thread importer(import_line, 0);
  importer.join();
}

int main() {
  run_import();
}
