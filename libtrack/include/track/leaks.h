/* leaks.h: which tasks are there that should be over, asked from inside: for a health check, a
 * watchdog, the end of a request or of a test.
 *
 *   // Of this tenant nothing is to live longer than a minute.
 *   struct track_leak_query query = {.label = "tenant", .value = "a", .min_age_ns = 60000000000};
 *   struct track_task task;
 *   for (uint64_t cursor = 0; track_leak_next(&cursor, &query, &task) != 0;)
 *     log("%d %lu %s", (int)task.kind, task.id, task.name);
 *
 * The answer is what there is, not a verdict: that a task can never go on shows in memory that is
 * looked at from outside (`track leaks PID`). While track_lost() is 0 no task is missing.
 *
 * As for track.h: any thread, at any time; no lock, no allocation, nothing thrown or printed, errno
 * kept; not for signal handlers. Not tracked there are none. With TRACK_DISABLE nothing is left.
 */
#ifndef TRACK_LEAKS_H_
#define TRACK_LEAKS_H_

#include "track.h"

#ifdef TRACK_DISABLE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

#ifdef __cplusplus
extern "C++" {
#endif

/* Which tasks are meant: those for which all of it holds. What is 0 or NULL holds of all. */
struct track_leak_query {
  const char* label;   /* key of a label that it was created with */
  const char* value;   /* of that label */
  uint64_t min_age_ns; /* since it was created; what was there before `track attach` has the age of
                        * the attach */
  uint32_t kinds;      /* 1u << TRACK_THREADS, ... or-ed */
  uint32_t states;     /* 1u << TRACK_STATE_BLOCKED, ... or-ed */
};

/* One after the other, as track_task_next: set *cursor to 0, call until it returns 0; query NULL
 * means all. Never among them are the main thread, the calling thread and fiber, and what is marked
 * with track_task_long_lived and its kin and lives. A thread that has ended is, until it is joined.
 */
TRACK_INLINE_ int track_leak_next(uint64_t* cursor, const struct track_leak_query* query,
                                  struct track_task* task) {
  return TRACK_ASK_(0, track_abi_leak_next, (cursor, query, sizeof *query, task, sizeof *task));
}

/* How many there are. Cost: as track_count's, and for each of them some 100 ns. */
TRACK_INLINE_ uint64_t track_leaks(const struct track_leak_query* query) {
  struct track_task task;
  uint64_t cursor = 0, count = 0;
  while (track_leak_next(&cursor, query, &task) != 0) ++count;
  return count;
}

#ifdef __cplusplus
} /* extern "C++" */
#endif

#ifdef TRACK_DISABLE
#pragma GCC diagnostic pop
#endif

#endif /* TRACK_LEAKS_H_ */
