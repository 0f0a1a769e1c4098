// what: A thread ends with the lock held; another one waits for that lock for ever (S09).
// expect: lock-held-at-exit proved count=1 created_by=run_writer
// expect: stuck-task proved count=1 created_by=start_reader blocked_in=read_journal
#include <latch>
#include <mutex>
#include <thread>

static std::mutex journal;
static std::latch reading(1);

void write_journal() {
  journal.lock();
}

void read_journal() {
  reading.count_down();
  std::lock_guard lock(journal);
}

void run_writer() {
  std::thread(write_journal).join();
}
void start_reader() {
  std::thread(read_journal).detach();
}

int main() {
  run_writer();
  start_reader();
  reading.wait();
}
