// Profiles that could not be sent yet, on disk: in the order they were made, whoever sends them,
// and no more of them than there is room for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace track::push {

class Spool {
 public:
  // Makes the directory (0700) where it is missing. Throws Error: not ours, others may read it.
  Spool(std::string directory, uint64_t most_bytes);

  // Whole or not at all, 0600; the oldest make room. Throws Error: it cannot be written.
  void put(const std::string& bytes);
  bool empty() const;
  size_t size() const;
  uint64_t dropped() const { return dropped_; }  // so far, for want of room
  uint64_t damaged() const { return damaged_; }

  // The oldest first, as long as `send` takes them: false keeps the one it was given, and ends it.
  // False too where another process sends them just now.
  bool drain(const std::function<bool(const std::string& bytes)>& send);

 private:
  std::vector<std::string> names() const;
  void make_room(uint64_t bytes);

  const std::string directory_;
  const uint64_t most_bytes_;
  uint64_t made_ = 0, dropped_ = 0, damaged_ = 0;
};

// Where they are kept unless told otherwise: below $XDG_STATE_HOME or ~/.local/state, a directory
// for each endpoint and tenant.
std::string default_spool(const std::string& url, const std::string& tenant);

}  // namespace track::push
