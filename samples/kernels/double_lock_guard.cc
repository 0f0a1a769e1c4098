// what: A guard's destructor takes the lock that its user still holds.
// expect: deadlock created_by=start_uploader
#include "samples/kernels/kernel.h"

struct Quota {
  std::mutex mutex;
  int used = 0;
};

class Reservation {
 public:
  explicit Reservation(Quota& quota) : quota_(quota) {}
  ~Reservation() {
    std::lock_guard lock(quota_.mutex);
    --quota_.used;
  }

 private:
  Quota& quota_;
};

static std::latch uploading(1);

void upload(std::shared_ptr<Quota> quota) {
  std::unique_lock lock(quota->mutex);
  ++quota->used;
  if (kFixed) lock.unlock();
  uploading.count_down();
  { Reservation reservation(*quota); }
}

void start_uploader(Threads& threads) {
  threads.start(upload, std::make_shared<Quota>());
}

int main() {
  Threads threads;
  start_uploader(threads);
  uploading.wait();
}
