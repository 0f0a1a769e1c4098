// what: A thread ends the process by itself; main waits for it meanwhile, and nobody else is left.
// expect: clean
#include <cstdlib>
#include <thread>

void serve() {
  std::exit(0);
}

int main() {
  std::thread(serve).join();
}
