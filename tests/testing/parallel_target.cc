// 32 threads run tests at the same time; of each thread's tests every third leaks what it starts,
// some of it on threads that its threads start. Prints "blamed NAME COUNT" for each that is blamed.
#define TRACK_TESTING_OWN_RUNNER
#include <track/testing.h>

#include <atomic>
#include <cstdio>

#include "tests/testing/leaks.h"

int main() {
  constexpr int kWide = 32, kTests = 6;
  std::mutex output;
  std::vector<std::thread> runners;
  for (int runner = 0; runner < kWide; ++runner)
    runners.emplace_back([runner, &output] {
      for (int number = 0; number < kTests; ++number) {
        const std::string name =
            "Suite" + std::to_string(runner) + ".Test" + std::to_string(number);
        track::testing::test test(name);
        test.rules_of().settle = std::chrono::milliseconds(number == 1 ? 60'000 : 20);
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i) workers.emplace_back([] { std::this_thread::yield(); });
        if (number == 1) leaks::leave_soon();
        if (number % 3 == 2) {
          leaks::leak_grandchild();
          for (int i = 0; i < number; ++i) leaks::leak_thread();
        }
        for (std::thread& worker : workers) worker.join();
        const size_t leaks = test.finish().size();
        const std::lock_guard<std::mutex> lock(output);
        if (leaks != 0) std::printf("blamed %s %zu\n", name.c_str(), leaks);
      }
    });
  for (std::thread& runner : runners) runner.join();
  std::puts("done");
  std::fflush(stdout);
  _exit(0);
}
