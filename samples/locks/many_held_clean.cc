// what: Two threads hold two hundred locks at once, in one order, and give them back in another.
// expect: clean
// options: --locks all
#include <mutex>
#include <thread>

static std::mutex all[200];
static int rounds;

void hold_all() {
  for (int round = 0; round < 20; ++round) {
    for (std::mutex& mutex : all) mutex.lock();
    ++rounds;
    for (int i = 0; i < 200; ++i) all[(i * 7 + round) % 200].unlock();
  }
}

int main() {
  { std::jthread one(hold_all), other(hold_all); }
  return rounds == 40 ? 0 : 1;
}
