// what: A generator is destroyed half-way, another one is read to its end.
// expect: clean
#include <string>

#include "samples/support/task.h"

co::generator<std::string> rows(int count) {
  for (int i = 0; i < count; ++i) co_yield "row " + std::to_string(i);
}

std::string read_rows() {
  auto cursor = rows(100);
  cursor.next();
  return *cursor.next();
}

int main() {
  auto all = rows(3);
  while (all.next()) {
  }
  return read_rows() == "row 1" ? 0 : 1;
}
