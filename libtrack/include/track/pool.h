/* pool.h: which threads are the workers of a pool, and when they run a job.
 *
 * When every worker of a pool waits for a job that lies in the pool's own queue, nobody is left to
 * run it (`pool-exhausted`). What is no pool of std::function, std::packaged_task or Asio, `track`
 * cannot tell from other threads; and of those it takes the threads that were made at one place for
 * one pool. The program knows better:
 *
 *   void pool::work() {
 *     track::pool_worker worker(this, "decoders");
 *     while (Job* job = take()) {
 *       track::pool_job running;
 *       job->run(job);
 *     }
 *   }
 *
 * The pool is then its workers, those and no others, however many pools were made at the same
 * place; a worker outside of its jobs is free. Its name stands in the finding, and with the threads
 * as the label "pool". Where workers never say when they run a job, one is taken to be in a job if
 * such a class's call is on its stack.
 *
 * What is said here is taken for true: a worker that does not say that it is one is not waited for.
 * That the workers can never go on is told, and proved, without it. With threads there from before
 * `track attach`, which could not say anything, or where something found no room, nothing is
 * concluded from what the others say.
 *
 * As for track.h: any thread, at any time; no lock, no allocation, nothing thrown or printed, errno
 * kept; not for signal handlers. Not tracked, each is the test of a null pointer; tracked, some
 * nanoseconds. With TRACK_DISABLE nothing is left.
 */
#ifndef TRACK_POOL_H_
#define TRACK_POOL_H_

#include "track.h"

#ifdef TRACK_DISABLE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

#ifdef __cplusplus
extern "C++" {
#endif

/* The calling thread (also where a fiber calls) works for the pool from here on, until it leaves or
 * ends. `pool`: an address that no two pools share at a time, that of the object with the queue.
 * `name`: of the kind of pool, "decoders"; NULL or "": none; it takes room as in track.h. A thread
 * is in one pool at a time, the last it entered. Returns 1; 0 when not tracked, for NULL, or when
 * there is no room (counted as lost). */
TRACK_INLINE_ int track_pool_enter(const void* pool, const char* name) {
  return TRACK_ASK_(0, track_abi_pool_enter, (pool, name));
}
/* It works for none any more: before it takes up anything else. 0: it was in none. */
TRACK_INLINE_ int track_pool_leave(void) {
  return TRACK_ASK_(0, track_abi_pool_leave, ());
}

/* The calling thread runs a job of its pool from here on, and takes no other one until that has
 * ended. A job that runs other jobs while it waits tells of each of these, too: they lie within
 * each other. To be said once a job has been taken, not around the wait for one. Without a pool
 * they do nothing. A job ends on the thread on which it began. */
TRACK_INLINE_ void track_pool_job_begin(void) {
  TRACK_ASK_((void)0, track_abi_pool_job_begin, ());
}
/* The innermost one has ended. */
TRACK_INLINE_ void track_pool_job_end(void) {
  TRACK_ASK_((void)0, track_abi_pool_job_end, ());
}

#ifdef __cplusplus
} /* extern "C++" */

namespace track {

/* The calling thread is a worker for as long as this object lives; afterwards it is in no pool. */
class [[nodiscard]] pool_worker {
 public:
  explicit pool_worker(const void* pool, const char* name = nullptr) {
    track_pool_enter(pool, name);
  }
  ~pool_worker() { track_pool_leave(); }
  pool_worker(const pool_worker&) = delete;
  pool_worker& operator=(const pool_worker&) = delete;
};

/* It runs a job for as long as this object lives. */
class [[nodiscard]] pool_job {
 public:
  pool_job() { track_pool_job_begin(); }
  ~pool_job() { track_pool_job_end(); }
  pool_job(const pool_job&) = delete;
  pool_job& operator=(const pool_job&) = delete;
};

} /* namespace track */
#endif /* __cplusplus */

#ifdef TRACK_DISABLE
#pragma GCC diagnostic pop
#endif

#endif /* TRACK_POOL_H_ */
