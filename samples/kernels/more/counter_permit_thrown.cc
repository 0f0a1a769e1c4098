// what: A job that throws keeps its permit of a counting semaphore; the third job waits for one.
// expect: stuck-task created_by=submit
#include "samples/kernels/kernel.h"

namespace {

struct Gate {
  std::counting_semaphore<4> permits{2};
  std::latch thrown{2};
};

void job(std::shared_ptr<Gate> gate, bool bad) {
  if (!bad) gate->thrown.wait();
  gate->permits.acquire();
  try {
    if (bad) throw std::runtime_error("no such row");
    gate->permits.release();
  } catch (const std::exception&) {
    if (kFixed) gate->permits.release();
  }
  if (bad) gate->thrown.count_down();
}

}  // namespace

[[gnu::noinline]] std::thread submit(std::shared_ptr<Gate> gate, bool bad) {
  return std::thread(job, std::move(gate), bad);
}

int main() {
  auto gate = std::make_shared<Gate>();
  std::vector<std::thread> jobs;
  for (const bool bad : {true, true, false}) jobs.push_back(submit(gate, bad));
  gate->thrown.wait();
  for (int i = 0; i < 2; ++i) jobs[static_cast<size_t>(i)].join();
  kFixed ? jobs[2].join() : jobs[2].detach();
}
