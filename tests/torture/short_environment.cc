// what: a process whose last environment string is two bytes long and whose path is one
// leaves: recordings
#include <sys/wait.h>

#include <string>

#include "tests/torture/check.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    SHOW(getenv("A") != nullptr);
    return 0;
  }
  char directory[] = "/tmp/torture-XXXXXX";
  CHECK(mkdtemp(directory) != nullptr);
  CHECK(symlink(realpath("/proc/self/exe", nullptr), (std::string(directory) + "/a").c_str()) == 0);
  CHECK(chdir(directory) == 0);
  const char* preload = getenv("LD_PRELOAD");
  std::string variable = std::string("LD_PRELOAD=") + (preload != nullptr ? preload : "");
  fflush(stdout);
  if (fork() == 0) {
    char a[] = "A=";
    char* const environment[] = {variable.data(), a, nullptr};
    char* const arguments[] = {const_cast<char*>("a"), const_cast<char*>("b"), nullptr};
    execve("a", arguments, environment);
    _exit(1);
  }
  int status = 0;
  wait(&status);
  SHOW(status);
  unlink("a");
  rmdir(directory);
  (void)argv;
}
