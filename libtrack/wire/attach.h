// attach.h: what `track attach` and `track detach` hand to the library inside a running process,
// and what they get back: one AttachRequest in memory that `track` made there, passed to the
// exported track_attach or track_detach by a thread that exists for it.
#pragma once

#include <cstdint>

namespace track::wire {

inline constexpr uint32_t kAttachVersion = 2;

enum class AttachResult : int32_t {
  none = 0,  // not there yet
  done = 1,
  recorded_already = 2,  // preloaded, linked, or attached before
  other_options = 3,     // was attached before, with the options in `text`: they cannot change
  no_recording = 4,      // no room for one, or its directory is not ours: see `text`
  not_attached = 5,      // detach: nothing to take back
  preloaded = 6,         // detach: was there from the start, and stays
  privileged = 7,        // a set-user-id program is none of our business
  foreign_version = 8,   // `track` and the library are not of one make
  ending = 9,            // the process is about to be over, and the tracker has ended in it
};

struct AttachRequest {
  uint32_t version;
  AttachResult result;
  // References to libc and its kin: turned to us, or back; and those left alone, because they led
  // elsewhere, or could not be written.
  uint32_t bound, left_alone;
  uint32_t modules;  // looked at
  uint32_t threads;  // found running
  // Where /proc is not mounted for the process: address of its threads' numbers, int32_t, then a 0.
  uint64_t thread_numbers;
  uint64_t blocked_signals;  // by the main thread, as /proc has them
  char runtime_dir[512];     // of the process: XDG_RUNTIME_DIR, or empty
  char options[1024];        // as in TRACK_OPTIONS
  char text[512];
};
static_assert(sizeof(AttachRequest) == 2088);

}  // namespace track::wire
