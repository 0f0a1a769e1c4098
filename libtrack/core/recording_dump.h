// recording_dump.h: a copy of the recording as a file of its own, while recording goes on.
#pragma once

namespace track::core {

// Writes all that is recorded now to `path`, under another name until it is whole: what was there
// before stays, or is replaced. Mode 0600; a symbolic link at `path` is replaced, not followed.
// Other threads go on; no entry is torn (see wire/recording.h), but not all are of one instant:
// the copy says when it began. The path: some 1000 bytes at most. 0, or a negative errno: nothing
// is left behind then.
int dump_recording(const char* path);

}  // namespace track::core
