// open_recording.h: one recording for a unit test's process, started in the order of
// control/init.cc. Options are those of the first call.
#pragma once

#include <sched.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "libtrack/core/modules.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/thread_state.h"
#include "tests/support/children.h"

namespace track::test {

inline TemporaryDirectory& recording_directory() {
  static TemporaryDirectory directory;
  return directory;
}

// True when a file was opened; false when there is no recording at all.
inline bool start_recording(const std::string& more_options = "") {
  const std::string options =
      "TRACK_OPTIONS=dir=" + recording_directory().path() + ":" + more_options;
  const char* environment[] = {options.c_str(), nullptr};
  if (!core::open_recording(environment)) return false;
  core::start_modules();
  core::start_stacks();
  core::start_rings();
  core::start_threads();
  return true;
}

// As the file has it.
inline wire::Section& section(wire::SectionKind kind) {
  return core::recording.header->sections[static_cast<uint32_t>(kind)];
}

inline void need_recording(const std::string& more_options = "") {
  static const bool started = start_recording(more_options);
  if (!started || core::recording.path[0] == 0) throw std::runtime_error("no recording");
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// ThreadSanitizer knows no C11 threads, and its own data are gone in a thread's last destructors.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif
#else
inline constexpr bool kThreadSanitized = false;
#endif

}  // namespace track::test
