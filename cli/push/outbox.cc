#include "cli/push/outbox.h"

#include <algorithm>

#include "cli/model/error.h"
#include "cli/model/words.h"

namespace track::push {
namespace {

constexpr std::chrono::nanoseconds kLongestWait = std::chrono::minutes(5);

std::string seconds_text(std::chrono::nanoseconds time) {
  return duration_text(static_cast<uint64_t>(time.count()));
}

}  // namespace

Outbox::Outbox(Sender& sender, Spool& spool, std::chrono::nanoseconds first_wait,
               const serve::Stop& stop, std::function<void(const std::string&)> say)
    : sender_(sender),
      spool_(spool),
      first_wait_(first_wait),
      stop_(stop),
      say_(std::move(say)),
      wait_(first_wait),
      // What an earlier run left goes first.
      away_(!spool.empty()),
      next_(Clock::now()),
      random_(std::random_device{}()) {}

Outbox::Clock::time_point Outbox::next() const {
  return away_ ? next_ : Clock::time_point::max();
}

Fate Outbox::send(const Parcel& parcel) {
  if (stop_.is_set()) return Fate::later;
  const Outcome outcome = sender_.send(parcel);
  if (outcome.fate == Fate::sent) {
    ++counts_.sent;
    wait_ = first_wait_;
    refusal_.clear();
    if (told_away_) say_(sender_.endpoint().origin + " is there again");
    told_away_ = false;
    return outcome.fate;
  }
  if (outcome.fate == Fate::refused) {
    ++counts_.refused;
    // It will say the same of the next one; that is told at the end, as a count.
    if (outcome.why != refusal_)
      say_(sender_.endpoint().origin + sender_.endpoint().path + " refuses " + parcel.name + ": " +
           outcome.why + "; it is not sent again");
    refusal_ = outcome.why;
    return outcome.fate;
  }
  if (stop_.is_set()) return outcome.fate;
  // Between half and all of it: those who were turned away together do not come back together.
  std::uniform_real_distribution<double> part(0.5, 1.0);
  const auto jittered = std::chrono::nanoseconds(
      static_cast<int64_t>(static_cast<double>(wait_.count()) * part(random_)));
  const auto wait = std::max(jittered, outcome.wait);
  wait_ = std::min(wait_ * 2, kLongestWait);
  next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(wait);
  away_ = true;
  if (!told_away_)
    say_(sender_.endpoint().origin + " is away (" + outcome.why +
         "): profiles are kept on disk; tried again in " + seconds_text(wait));
  told_away_ = true;
  return outcome.fate;
}

void Outbox::keep(const Parcel& parcel) {
  away_ = true;
  try {
    spool_.put(pack(parcel));
  } catch (const Error& error) {
    if (counts_.lost++ == 0) say_(error.what());
  }
  tell_drops();
}

void Outbox::tell_drops() {
  if (spool_.dropped() != told_drops_ && told_drops_ == 0)
    say_("the spool is full: the oldest are dropped (--spool-size); how many is told at the end");
  if (spool_.damaged() != told_damaged_)
    say_(count_text(spool_.damaged() - told_damaged_, "kept profile") +
         " could not be read, and was removed");
  told_drops_ = spool_.dropped();
  told_damaged_ = spool_.damaged();
}

void Outbox::add(const Parcel& parcel) {
  if (away_ || !spool_.empty() || send(parcel) == Fate::later) keep(parcel);
}

void Outbox::work() {
  if (!away_ || Clock::now() < next_ || stop_.is_set()) return;
  bool tried = false;
  const bool all = spool_.drain([&](const std::string& bytes) {
    tried = true;
    return send(unpack(bytes)) != Fate::later;
  });
  tell_drops();
  if (all && spool_.empty()) {
    away_ = false;
  } else if (!tried || all) {
    // Another process sends them; or has just kept one more.
    next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(first_wait_);
  }
}

}  // namespace track::push
