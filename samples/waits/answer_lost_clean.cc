// what: The same, and the answer comes.
// expect: clean
#include "samples/waits/answer_lost.h"

int main() {
  std::promise<int> promise;
  show(promise.get_future());
  asking.wait();
  promise.set_value(4);
  shown.wait();
}
