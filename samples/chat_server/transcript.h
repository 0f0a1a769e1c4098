// A thread that writes down what one client said. The client asks for it with LOG.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "samples/support/queue.h"

class Transcript {
 public:
  explicit Transcript(bool leak_writer) : leak_writer_(leak_writer) { start_writer(); }
  ~Transcript() {
    if (leak_writer_) {
      forget_writer();
    } else {
      stop_writer();
    }
  }
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  void write(std::string line) { lines_->push(std::move(line)); }

 private:
  static void write_lines(std::shared_ptr<Queue<std::string>> lines) {
    std::size_t bytes = 0;
    while (auto line = lines->pop()) bytes += line->size();
  }
  void start_writer() { writer_ = std::thread(write_lines, lines_); }
  void stop_writer() {
    lines_->close();
    writer_.join();
  }
  // The defect of --leak=writer: the connection is gone, its writer is never told.
  void forget_writer() { writer_.detach(); }

  const bool leak_writer_;
  std::shared_ptr<Queue<std::string>> lines_ = std::make_shared<Queue<std::string>>(1024);
  std::thread writer_;
};
