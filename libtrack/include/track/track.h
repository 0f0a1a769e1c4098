/* track.h: what a program may ask the tracker about itself.
 *
 * C ABI, weak: a program that includes this and is run without libtrack.so works unchanged; the
 * inline functions below then answer "not tracked". With libtrack.so preloaded or linked
 * (find_package(track), target track::track) they answer for real.
 *
 * All functions may be called from any thread, never block, never allocate and never fail.
 */
#ifndef TRACK_TRACK_H_
#define TRACK_TRACK_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRACK_WEAK __attribute__((weak))

/* 1 while this process is being recorded, else 0. */
TRACK_WEAK int track_recording(void);

/* Path of this process's recording, for `track ps PATH`; "" when it has none. Valid until exit. */
TRACK_WEAK const char* track_recording_path(void);

/* Live tasks of a kind, as the tracker counts them. Threads: the running ones, main included.
 * Coroutines: frames found so far (see `track doctor` for what cannot be seen). */
enum track_kind { TRACK_THREADS = 0, TRACK_COROUTINES = 1 };
TRACK_WEAK uint64_t track_count(enum track_kind kind);

/* The same, safe to call when libtrack.so is not there. */
static inline int track_is_recording(void) {
  return track_recording != 0 ? track_recording() : 0;
}
static inline uint64_t track_live(enum track_kind kind) {
  return track_count != 0 ? track_count(kind) : 0;
}

#ifdef __cplusplus
}
#endif

#endif /* TRACK_TRACK_H_ */
