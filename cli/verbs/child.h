// The program under `track run`: started with libtrack.so preloaded, in our process group.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace track::verbs {

struct ChildSettings {
  std::string file;                    // what to execute
  std::vector<std::string> arguments;  // with the command's own name first
  std::string library;
  std::string options;  // added to TRACK_OPTIONS
};

// Signals that `track` takes through a descriptor instead of dying of them.
class SignalDescriptor {
 public:
  SignalDescriptor();
  ~SignalDescriptor();
  SignalDescriptor(const SignalDescriptor&) = delete;
  int fd() const { return fd_; }
  // signal 0 = none pending. One of the terminal's own keys reaches its whole process group.
  struct Signal {
    int number = 0;
    bool from_terminal = false;
    pid_t sender = 0;
  };
  Signal next();

 private:
  int fd_ = -1;
};

struct Child {
  pid_t pid = 0;
  int pidfd = -1;
};

// Throws Error when it cannot be started.
Child start_child(const ChildSettings& settings);

}  // namespace track::verbs
