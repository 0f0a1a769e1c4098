// A test as people write them: it checks what it is about, and passes.
#include <mailer.h>

int main() {
  Mailer mailer;
  mailer.send("hello");
  mailer.send("and goodbye");
  return mailer.flush() == 2 ? 0 : 1;
}
