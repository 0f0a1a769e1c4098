// The held process stands still for as long as those who look at it wait for a processor: they go
// before others, where that is permitted, and as long as this lives. Threads and processes that
// they make do not.
#pragma once

#include <sched.h>
#include <sys/prctl.h>
#include <sys/types.h>

namespace track::process {

// Other users' processes too, for as long as the kernel says; refused without privileges.
inline bool make_urgent(pid_t tid) {
  const sched_param lowest{1};
  return sched_setscheduler(tid, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
}
inline void make_ordinary(pid_t tid) {
  const sched_param none{0};
  sched_setscheduler(tid, SCHED_OTHER, &none);
}

// Of the calling thread.
class Urgency {
 public:
  Urgency() {
    prctl(PR_SET_TIMERSLACK, 1);  // its naps are as short as they say
    raised_ = sched_getscheduler(0) == SCHED_OTHER && make_urgent(0);
  }
  ~Urgency() {
    if (raised_) make_ordinary(0);
  }
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

 private:
  bool raised_ = false;
};

}  // namespace track::process
