// A call that a stop has cut short. Undisturbed, a write to a pipe that is full sleeps until all of
// it has been taken; stopped in the midst of it, it returns how much was. Its rest is done by calls
// that the same thread makes before it goes on, and the program sees the sum.
//
// A thread that sleeps in such a call is better left asleep (hold.h): this is for one that ran. It
// cannot be helped where nobody reads on: after a second it goes on, with less than it wanted, as
// after a signal. Should track be killed in that second, the sum lacks what went before.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace track::process {

struct Piece {
  uint64_t address = 0, bytes = 0;
};

class ShortCall {
 public:
  // Of a thread that stands still by PTRACE_INTERRUPT; nothing when its registers say otherwise.
  static std::optional<ShortCall> find(pid_t pid, pid_t tid, const user_regs_struct& user);

  pid_t tid() const { return tid_; }
  // The thread begins with the rest. It is let go when that is done, or cannot be.
  void begin();
  // Looks once whether it has got further; true when the thread has been let go, or is gone.
  bool advance();
  void give_up();  // it shall come back as soon as it can
  // By our fault, not as the peer would have it.
  bool stayed_short() const { return gave_up_ && moved_ < wanted_; }

 private:
  ShortCall(pid_t tid, const user_regs_struct& user) : tid_(tid), before_(user) {}
  void next_piece();
  void let_go(int signal);
  bool at_call();

  pid_t tid_;
  user_regs_struct before_;
  int64_t number_ = 0;  // of the calls that do the rest
  uint64_t flags_ = 0;
  uint64_t wanted_ = 0, moved_ = 0;
  std::vector<Piece> rest_;  // the next one last
  bool inside_ = false;
  bool gave_up_ = false;
  bool done_ = false;
};

// All at the same time: one may wait for another one's bytes. Returns the threads of those that
// stayed short.
std::vector<pid_t> finish(std::vector<ShortCall> calls);

}  // namespace track::process
