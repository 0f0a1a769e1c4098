// what: Live objects that begin with two function pointers, in a stripped program: no coroutines.
// expect: clean
// flags: -O3 -s
#include <vector>

struct Callbacks {
  void (*start)(void*);
  void (*stop)(void*);
  int data[8];
};

void start(void*) {}
void stop(void*) {}

int main() {
  static auto& kept = *new std::vector<Callbacks*>;
  for (int i = 0; i < 50; ++i) {
    auto* started = new Callbacks{start, stop, {}};
    auto* waiting = new Callbacks{nullptr, stop, {}};
    for (Callbacks* object : {started, waiting}) {
      if (i < 40)
        delete object;
      else
        kept.push_back(object);
    }
  }
  return kept.size() == 20 ? 0 : 1;
}
