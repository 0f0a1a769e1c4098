// what: Tables of functions in initialised variables, stripped: no coroutines' frames.
// expect: clean
// flags: -O2 -s
// As cmake and lld have them: their code does what a coroutine's does, and they lie in no block.
#include <cstddef>

struct Machine {
  void (*step)(Machine*);
  void (*end)(Machine*);
  int sum;
  unsigned char state;
};

// In this order, as a coroutine's functions lie.
#ifdef __clang__
#define IN_ORDER
#else
#define IN_ORDER [[gnu::no_reorder]]
#endif

IN_ORDER void step(Machine* machine) {
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

IN_ORDER void end(Machine* machine) {
  if (machine->state == 1) machine->sum = 0;
  delete machine;
}

Machine machines[4] = {{step, end, 0, 0}, {step, end, 1, 0}, {step, end, 2, 0}, {step, end, 3, 0}};
Machine* current = machines + 3;

int main() {
  // These come and go, and look like frames while they are there.
  for (int i = 0; i < 20; ++i) {
    auto* machine = new Machine{step, end, i, 0};
    machine->step(machine);
    machine->end(machine);
  }
  current->step(current);
  return current->sum == 4 ? 0 : 1;
}
