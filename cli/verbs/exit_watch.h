// Waits until a tracked process reaches its end and pauses there, and holds it until release():
// the reader's half of the exit handshake in wire/recording.h. One thread a process, asleep in a
// futex wait.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "libtrack/wire/recording.h"

namespace track::verbs {

class ExitWatch {
 public:
  // event_fd is written to once the process waits at its end. Throws Error when the recording
  // cannot be mapped.
  ExitWatch(const std::string& path, int event_fd);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;

  bool taken() const { return taken_.load(std::memory_order_acquire); }
  void release();

 private:
  void watch();
  wire::Control& control() { return header_->control; }

  wire::Header* header_ = nullptr;
  int event_fd_;
  std::atomic<bool> taken_{false};
  std::thread thread_;
};

}  // namespace track::verbs
