#include "cli/serve/event_log.h"

namespace track::serve {

std::string event_text(const std::string& name, uint64_t sequence, const std::string& data) {
  std::string text = "event: " + name + "\nid: " + std::to_string(sequence) + "\ndata: ";
  // A line end would end the data; JSON needs none.
  for (const char c : data)
    if (c != '\n' && c != '\r') text += c;
  return text + "\n\n";
}

void EventLog::add(std::string text) {
  ++last_;
  bytes_ += text.size();
  events_.push_back(std::make_shared<const std::string>(std::move(text)));
  while (bytes_ > most_bytes_) {
    bytes_ -= events_.front()->size();
    events_.pop_front();
  }
}

bool EventLog::follows(uint64_t sequence) const {
  return sequence <= last_ && last_ - sequence <= events_.size();
}

std::shared_ptr<const std::string> EventLog::after(uint64_t sequence) const {
  return events_[events_.size() - static_cast<size_t>(last_ - sequence)];
}

}  // namespace track::serve
