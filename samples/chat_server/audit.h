// One worker that counts what clients do, fed through a queue. Any thread may record().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "samples/support/queue.h"

class Audit {
 public:
  explicit Audit(bool leak_worker) : leak_worker_(leak_worker) { start_worker(); }
  ~Audit() {
    if (leak_worker_) {
      leave_queue_open();
    } else {
      close_queue();
    }
  }
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void record(std::string action) { actions_->push(std::move(action)); }

 private:
  static void count_actions(std::shared_ptr<Queue<std::string>> actions) {
    std::map<std::string, int> counts;
    while (auto action = actions->pop()) counts[*action] += 1;
  }
  void start_worker() { worker_ = std::thread(count_actions, actions_); }
  void close_queue() {
    actions_->close();
    worker_.join();
  }
  // The defect of --leak=worker: the worker waits on a queue that nobody closes.
  void leave_queue_open() { worker_.detach(); }

  const bool leak_worker_;
  std::shared_ptr<Queue<std::string>> actions_ = std::make_shared<Queue<std::string>>(1024);
  std::thread worker_;
};
