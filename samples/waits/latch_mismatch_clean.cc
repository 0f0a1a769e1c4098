// what: A latch counts three jobs; the one that fails counts down as well.
// expect: clean
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

static std::latch done(3);

void run_job(int number) {
  try {
    if (number == 1) throw std::runtime_error("job failed");
  } catch (const std::exception&) {
  }
  done.count_down();
}

int main() {
  std::jthread collector([] { done.wait(); });
  std::vector<std::jthread> jobs;
  for (int i = 0; i < 3; ++i) jobs.emplace_back(run_job, i);
}
