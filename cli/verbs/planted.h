// The program with planted defects that `track selftest` runs (samples/selftest/planted.cc): found
// beside libtrack.so, started bare or under it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace track::verbs {

// Throws Error when it is not installed.
std::string find_planted();

// What it prints of `cost WHAT`, in nanoseconds. library: empty = bare.
double planted_cost(const std::string& what, const std::string& library,
                    const std::string& options);

// One that runs on until its input ends, and takes a step at each byte of it.
class SteppingProgram {
 public:
  SteppingProgram(const std::vector<std::string>& arguments, const std::string& library,
                  const std::string& options);
  ~SteppingProgram();
  SteppingProgram(const SteppingProgram&) = delete;

  pid_t pid() const { return pid_; }
  // Waits for the end of the step before, then asks for another one and waits for its end.
  void step();
  std::string line();  // the next it prints; empty at its end

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1;
};

}  // namespace track::verbs
