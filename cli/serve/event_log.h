// The last events of a stream, shared by all who follow it: nobody has a queue. Who is so slow, or
// was away so long, that what comes next is not here any more begins anew.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace track::serve {

// As it goes over the wire. data: one line.
std::string event_text(const std::string& name, uint64_t sequence, const std::string& data);

class EventLog {
 public:
  // first: the number before the first event.
  EventLog(uint64_t first, size_t most_bytes) : last_(first), most_bytes_(most_bytes) {}

  uint64_t last() const { return last_; }
  uint64_t next() const { return last_ + 1; }
  size_t bytes() const { return bytes_; }
  // With the number next(). What is larger than the log is kept by nobody.
  void add(std::string text);
  // Whether all that came after that event is here.
  bool follows(uint64_t sequence) const;
  // What came after it; follows() is true, and it is not the last.
  std::shared_ptr<const std::string> after(uint64_t sequence) const;

 private:
  uint64_t last_;
  size_t most_bytes_;
  size_t bytes_ = 0;
  std::deque<std::shared_ptr<const std::string>> events_;
};

}  // namespace track::serve
