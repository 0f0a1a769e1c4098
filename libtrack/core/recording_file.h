// recording_file.h: where recordings live, and how one is created safely: in a directory of mode
// 0700 that this user owns, never through a symbolic link, never over an existing file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace track::core {

// Creates rec.PID.N, `bytes` long and sparse, mode 0600. Returns a descriptor or a negative errno.
// The directory: see wire/places.h. path = "" on failure.
// What this process left behind when it called exec is removed, unless recordings are to be kept.
int create_recording_file(const char* runtime_dir, uint64_t bytes, char* path, size_t capacity);

}  // namespace track::core
