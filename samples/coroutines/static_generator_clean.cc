// what: A static singleton owns a suspended generator; its destructor destroys the frame at exit.
// expect: clean
#include "samples/support/task.h"

co::generator<int> identifiers() {
  for (int id = 1;; ++id) co_yield id;
}

int next_identifier() {
  static co::generator<int> source = identifiers();
  return *source.next();
}

int main() {
  return next_identifier() + next_identifier() == 3 ? 0 : 1;
}
