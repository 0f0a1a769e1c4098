// what: One of three parties leaves a std::barrier with arrive_and_drop.
// expect: clean
#include <barrier>
#include <thread>
#include <vector>

static std::barrier phase(3);

void simulate(int part) {
  if (part == 2) return phase.arrive_and_drop();
  phase.arrive_and_wait();
  phase.arrive_and_wait();
}

int main() {
  std::vector<std::jthread> parts;
  for (int part = 0; part < 3; ++part) parts.emplace_back(simulate, part);
}
