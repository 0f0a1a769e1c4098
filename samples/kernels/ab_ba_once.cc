// what: One thread initialises once and wants the lock; the other has the lock and initialises.
// expect: stuck-task created_by=start_loader
// expect: stuck-task created_by=start_user
#include "samples/kernels/kernel.h"

struct Library {
  std::mutex mutex;
  std::once_flag loaded;
  std::latch both{2};
  int symbols = 0;
};

static std::latch started(2);

void load(std::shared_ptr<Library> library) {
  std::call_once(library->loaded, [&] {
    if (!kFixed) library->both.arrive_and_wait();
    started.count_down();
    std::lock_guard lock(library->mutex);
    ++library->symbols;
  });
}

void use(std::shared_ptr<Library> library) {
  if (kFixed) load(library);
  std::lock_guard lock(library->mutex);
  if (kFixed) return;
  library->both.arrive_and_wait();
  started.count_down();
  load(library);
}

void start_loader(Threads& threads, const std::shared_ptr<Library>& library) {
  threads.start(load, library);
}

void start_user(Threads& threads, const std::shared_ptr<Library>& library) {
  threads.start(use, library);
}

int main() {
  auto library = std::make_shared<Library>();
  Threads threads;
  start_loader(threads, library);
  start_user(threads, library);
  if (!kFixed) started.wait();
}
