// what: all descriptors closed, their numbers used again: nothing of ours is written into them
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "tests/torture/check.h"

int main() {
  fflush(stdout);
  const int copy = dup2(1, 900);
  closefrom(3);
  (void)copy;
  int files[8];
  char name[] = "/tmp/torture-XXXXXX";
  for (int& file : files) {
    char path[sizeof name];
    memcpy(path, name, sizeof name);
    file = mkstemp(path);
    unlink(path);
  }
  SHOW(files[0]);
  SHOW(files[7]);
  for (int i = 0; i < 20; ++i) {
    std::thread([] { usleep(10); }).join();
    free(malloc(100));
  }
  long total = 0;
  for (int file : files) {
    struct stat status {};
    fstat(file, &status);
    total += status.st_size;
  }
  SHOW(total);
}
