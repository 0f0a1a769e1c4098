// What is to be sent, in order: at once while the endpoint takes it, else by way of the spool, with
// longer and longer waits between two attempts.
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>

#include "cli/push/sender.h"
#include "cli/push/spool.h"
#include "cli/serve/stop.h"

namespace track::push {

struct Counts {
  uint64_t sent = 0, refused = 0, lost = 0;
};

class Outbox {
 public:
  using Clock = std::chrono::steady_clock;

  // say: a line for the person who looks.
  Outbox(Sender& sender, Spool& spool, std::chrono::nanoseconds first_wait, const serve::Stop& stop,
         std::function<void(const std::string&)> say);

  void add(const Parcel& parcel);
  // Another attempt at what is kept, if it is time for it.
  void work();
  // When the next one is; far away: nothing is kept.
  Clock::time_point next() const;
  bool away() const { return away_; }
  const Counts& counts() const { return counts_; }

 private:
  Fate send(const Parcel& parcel);
  void keep(const Parcel& parcel);
  void tell_drops();

  Sender& sender_;
  Spool& spool_;
  const std::chrono::nanoseconds first_wait_;
  const serve::Stop& stop_;
  const std::function<void(const std::string&)> say_;
  std::chrono::nanoseconds wait_;
  bool away_ = false, told_away_ = false;
  Clock::time_point next_{};
  Counts counts_;
  std::string refusal_;  // the last one that was told
  uint64_t told_drops_ = 0, told_damaged_ = 0;
  std::mt19937_64 random_;
};

}  // namespace track::push
