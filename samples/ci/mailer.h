// Sends letters on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

class Mailer {
 public:
  Mailer();
  ~Mailer();
  Mailer(const Mailer&) = delete;
  void send(std::string letter);
  // Until every letter is sent; how many there were.
  size_t flush();

 private:
  struct Letters {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> waiting;
    size_t sent = 0;
    bool closed = false;
  };
  static void deliver(const std::shared_ptr<Letters>& letters);

  std::shared_ptr<Letters> letters_;
};
