// what: A generator is stopped half-way and its handle given away: nobody destroys it (S15).
// expect: orphaned-coroutine proved count=1 created_by=read_rows
#include <coroutine>
#include <string>

#include "samples/support/task.h"

co::generator<std::string> rows(int count) {
  for (int i = 0; i < count; ++i) co_yield "row " + std::to_string(i);
}

std::string read_rows() {
  auto cursor = rows(100);
  cursor.next();
  std::string second = *cursor.next();
  cursor.release();
  return second;
}

int main() {
  return read_rows() == "row 1" ? 0 : 1;
}
