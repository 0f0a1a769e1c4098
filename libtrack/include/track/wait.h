/* wait.h: waits of a program's own making: its own locks, queues, channels, futures, pools.
 *
 * What blocks in libc, or spins, looks to a tool like a condition nobody has heard of, or like
 * work. The program knows better: "this is a wait for channel `jobs`", "that lock is held by me".
 * Told so, `track ps`, `hang`, `locks` and `leaks` show what each task waits for, since when, who
 * holds it and who ended a wait for it last; cycles of tasks that wait for each other through such
 * locks are deadlocks, and tasks that wait for what nobody is left to give are stuck.
 *
 *   void spin_lock::lock() {
 *     if (!try_lock()) {
 *       track::waiting wait(this, TRACK_WAIT_LOCK);
 *       while (!try_lock()) pause();
 *     }
 *     track_owner_set(this);
 *   }
 *   void spin_lock::unlock() {
 *     track_owner_clear(this);
 *     word_.store(0);
 *   }
 *
 *   T channel::receive() {
 *     std::unique_lock guard(mutex_);
 *     if (items_.empty()) {
 *       track::waiting wait(this, TRACK_WAIT_CHANNEL);
 *       ready_.wait(guard, [&] { return !items_.empty(); });
 *     }
 *     ...
 *   void channel::send(T item) {
 *     ...
 *     track_woke(this);
 *   }
 *
 * An object is an address, which two things that are waited for do not share at a time; its name is
 * that of track_lock_name() or track::lock_name.
 *
 * What is said here is taken for true, but it is no fact read from memory: a finding that depends
 * on it is `likely` at most, and says so. Waits in libc that lie within a told one stay what they
 * are: one for a mutex or a join is shown, and judged, as without this header; one for a condition,
 * a futex, a sleep gives way to what was told, which says more.
 *
 * As for track.h: any thread, at any time; no lock, no allocation, nothing thrown or printed, errno
 * kept; not for signal handlers. Not tracked, each is the test of a null pointer; tracked, some 10
 * to 20 ns an event (README, "What it costs"). With TRACK_DISABLE nothing is left.
 */
#ifndef TRACK_WAIT_H_
#define TRACK_WAIT_H_

#include "track.h"

#ifdef TRACK_DISABLE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

#ifdef __cplusplus
extern "C++" {
#endif

/* What is waited for, as reports call it. */
enum track_wait_kind {
  TRACK_WAIT_LOCK = 1,    /* somebody has it: say who, with track_owner_set */
  TRACK_WAIT_QUEUE = 2,   /* an entry, or room for one */
  TRACK_WAIT_CHANNEL = 3, /* the same */
  TRACK_WAIT_FUTURE = 4,  /* a result */
  TRACK_WAIT_EVENT = 5,   /* that something happens */
  TRACK_WAIT_POOL = 6,    /* one of several things that come back: connections, permits, workers */
  TRACK_WAIT_OTHER = 7,
  TRACK_WAIT_TIMED = 16 /* or-ed to one of them: the wait ends by itself; never part of a finding */
};

/* The calling task (track.h) waits for the object from here on, in whatever way: it spins, sleeps,
 * blocks. It does nothing else meanwhile: a wait that runs other jobs until its own is done ends
 * before each of them. Waits may lie within each other; of a thread's the second is shown, of a
 * fiber's the first. Not for what something outside of the process ends (a device, a peer).
 * `kind`: a track_wait_kind. */
TRACK_INLINE_ void track_wait_begin(const void* object, uint32_t kind) {
  TRACK_ASK_((void)0, track_abi_wait_begin, (object, kind));
}
/* The calling task's innermost wait is over, whether or not it got what it waited for. */
TRACK_INLINE_ void track_wait_end(void) {
  TRACK_ASK_((void)0, track_abi_wait_end, ());
}

/* Without the calling task no wait for the object ends: it has locked it, it will fulfil the
 * promise. To be said once it is so. There is one owner; who says so later takes an earlier one's
 * place. What several tasks may give (an entry of a queue) has none. Who it is goes on counting
 * when it ends: waits for what an ended task owns end no more. 1; 0 when not tracked, or when there
 * is no room (16384 objects and names; counted as lost). */
TRACK_INLINE_ int track_owner_set(const void* object) {
  return TRACK_ASK_(0, track_abi_owner_set, (object));
}
/* Nobody owns it: to be said before it is so, lest it be said of the next owner. */
TRACK_INLINE_ void track_owner_clear(const void* object) {
  TRACK_ASK_((void)0, track_abi_owner_clear, (object));
}

/* The calling task has just ended a wait for the object, or would have if there were one: sent an
 * entry, set the event. For people who look at the waits: who fed that channel last, and when? */
TRACK_INLINE_ int track_woke(const void* object) {
  return TRACK_ASK_(0, track_abi_woke, (object));
}

/* The object is over: name, owner and waker are forgotten. For what lies in memory that is used
 * again for another one. */
TRACK_INLINE_ void track_object_gone(const void* object) {
  TRACK_ASK_((void)0, track_abi_object_gone, (object));
}

#ifdef __cplusplus
} /* extern "C++" */

namespace track {

/* A wait of the calling task, for as long as this object lives. Lives and dies on one task. */
class [[nodiscard]] waiting {
 public:
  waiting(const void* object, uint32_t kind) { track_wait_begin(object, kind); }
  ~waiting() { track_wait_end(); }
  waiting(const waiting&) = delete;
  waiting& operator=(const waiting&) = delete;
};

/* The object is the calling task's for as long as this lives; another task's it is before and
 * after. Next to a guard that lives as long:
 *
 *   my_lock_guard guard(lock);
 *   track::owning own(&lock);        // dies first: nobody owns the lock when it is given back
 */
class [[nodiscard]] owning {
 public:
  explicit owning(const void* object) : object_(object) { track_owner_set(object); }
  ~owning() { track_owner_clear(object_); }
  owning(const owning&) = delete;
  owning& operator=(const owning&) = delete;

 private:
  const void* object_;
};

} /* namespace track */
#endif /* __cplusplus */

#ifdef TRACK_DISABLE
#pragma GCC diagnostic pop
#endif

#endif /* TRACK_WAIT_H_ */
