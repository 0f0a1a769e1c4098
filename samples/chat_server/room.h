// Rooms and who is in them. Any thread may call everything.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

class Session;
void deliver(const std::shared_ptr<Session>& to, const std::string& line);

class Room {
 public:
  Room(std::string name, bool leak_lock) : name_(std::move(name)) { load_history(leak_lock); }

  void join(const std::shared_ptr<Session>& member) {
    std::lock_guard lock(members_mutex_);
    members_.insert(member);
  }
  void leave(const std::shared_ptr<Session>& member) {
    std::lock_guard lock(members_mutex_);
    members_.erase(member);
  }
  void broadcast(const std::string& text) {
    const std::string line = name_ + "> " + text + "\n";
    {
      std::lock_guard lock(members_mutex_);
      for (const auto& member : members_) deliver(member, line);
    }
    remember(line);
  }

 private:
  // The defect of --leak=lock: the loader returns early and its thread ends with the lock held.
  void read_history_and_keep_the_lock() {
    history_mutex_.lock();
    history_.push_back(name_ + "> history is not readable\n");
  }
  void read_history() {
    std::lock_guard lock(history_mutex_);
    history_.push_back(name_ + "> opened\n");
  }
  void load_history(bool leak_lock) {
    auto load = leak_lock ? &Room::read_history_and_keep_the_lock : &Room::read_history;
    std::thread loader(load, this);
    loader.join();
  }

  // History is a luxury: when its lock is not free the line is forgotten.
  void remember(const std::string& line) {
    std::unique_lock lock(history_mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return;
    history_.push_back(line);
    if (history_.size() > 100) history_.erase(history_.begin());
  }

  const std::string name_;
  std::mutex members_mutex_;
  std::set<std::shared_ptr<Session>> members_;
  std::mutex history_mutex_;
  std::vector<std::string> history_;
};

class Rooms {
 public:
  explicit Rooms(bool leak_lock) : leak_lock_(leak_lock) {}

  Room& open(const std::string& name) {
    std::lock_guard lock(mutex_);
    std::unique_ptr<Room>& room = rooms_[name];
    if (!room) room = std::make_unique<Room>(name, leak_lock_);
    return *room;
  }

 private:
  const bool leak_lock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
};
