// what: A latch counts three jobs, but the one that fails never counts down (S07).
// expect: outlived-task suspected count=1 created_by=start_collector blocked_in=collect
// flags: -fno-optimize-sibling-calls
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

static std::latch done(3);
static std::latch collecting(1);

void run_job(int number) {
  try {
    if (number == 1) throw std::runtime_error("job failed");
    done.count_down();
  } catch (const std::exception&) {
  }
}

void collect() {
  collecting.count_down();
  done.wait();
}

void start_collector() {
  std::thread(collect).detach();
}

int main() {
  start_collector();
  collecting.wait();
  std::vector<std::jthread> jobs;
  for (int i = 0; i < 3; ++i) jobs.emplace_back(run_job, i);
}
