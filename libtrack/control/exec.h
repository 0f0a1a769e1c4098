// exec.h: the process is about to replace its program. Nothing of ours runs afterwards, so the word
// is said before, and taken back when the kernel refuses. Safe in signal handlers and in vfork
// children, which share our memory but are not the process that is recorded.
#pragma once

namespace track::control {

class ExecAttempt {
 public:
  // program: as it was asked for; it goes into the recording.
  explicit ExecAttempt(const char* program);
  ~ExecAttempt();  // it failed
  ExecAttempt(const ExecAttempt&) = delete;

 private:
  bool said_;
};

}  // namespace track::control
