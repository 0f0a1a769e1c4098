// Compiled with sanitizers by tests/verbs/sanitizers.py: does what its argument names.
#include <cstdlib>
#include <mutex>
#include <thread>

namespace {

int counter;
std::mutex accounts, journal;

[[gnu::noinline]] void* lose(size_t bytes) {
  return std::malloc(bytes);
}
[[gnu::noinline]] void touch() {
  ++counter;
}
[[gnu::noinline]] int* give_back() {
  int* numbers = new int[4]{};
  delete[] numbers;
  return numbers;
}
[[gnu::noinline]] void accounts_first() {
  const std::lock_guard first(accounts);
  const std::lock_guard second(journal);
}
[[gnu::noinline]] void journal_first() {
  const std::lock_guard first(journal);
  const std::lock_guard second(accounts);
}
[[gnu::noinline]] int overflow(int number) {
  return number + 2'147'483'647;
}

}  // namespace

int main(int argc, char** argv) {
  switch (argc > 1 ? argv[1][0] : 0) {
    case 'l':  // leak
      for (int i = 0; i < 3; ++i) {
        void* volatile block = lose(40);
        block = nullptr;
      }
      return 0;
    case 'f':  // free
      return give_back()[1] == 77 ? 1 : 0;
    case 'r': {  // race
      std::thread other(touch);
      touch();
      other.join();
      return 0;
    }
    case 'o':  // order
      std::thread(accounts_first).join();
      std::thread(journal_first).join();
      return 0;
    case 'u':  // undefined
      return overflow(argc) & 0;
    default:
      return 0;
  }
}
