// what: State machines written by hand that begin with what steps and what ends them, stripped.
// expect: gate-clean
// flags: -O2 -s
// Their code does what a coroutine's does: more than suspected they must not be.
#include <cstddef>
#include <vector>

struct Machine {
  void (*step)(Machine*);
  void (*end)(Machine*);
  int sum;
  unsigned char state;
};

void step(Machine* machine) {
  switch (machine->state) {
    case 0:
      machine->sum += 1;
      machine->state = 1;
      return;
    case 1:
      machine->sum += 2;
      machine->state = 2;
      return;
    default:
      machine->step = nullptr;
  }
}

void end(Machine* machine) {
  if (machine->state == 1) machine->sum = 0;
  delete machine;
}

int main() {
  static auto& kept = *new std::vector<Machine*>;
  for (int i = 0; i < 8; ++i) {
    auto* machine = new Machine{step, end, i, 0};
    machine->step(machine);
    kept.push_back(machine);
  }
  kept.front()->end(kept.front());
  kept.erase(kept.begin());
  return kept.size() == 7 ? 0 : 1;
}
