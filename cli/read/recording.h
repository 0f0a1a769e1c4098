// A recording read into a Trace: at any instant of the writer's life, without asking it.
//
// Every value in a recording is a hint from a process that may be corrupt or hostile: offsets are
// checked against the file's true size, counts are capped, text is stripped of control characters.
// What cannot be read becomes a warning in the trace; only a file that is no recording at all, or
// of another format version, is an Error.
#pragma once

#include <string>
#include <vector>

#include "cli/model/trace.h"
#include "cli/read/bytes.h"

namespace track::read {

// source: what to call it in messages. live: the process still writes; ages run until now.
Trace read_recording(const Bytes& bytes, const std::string& source, bool live);
Trace read_recording(const std::string& path, bool live);

// How much there is now, of what the history has no events of. All 0 when it cannot be read.
Level read_level(const Bytes& bytes);

struct RecordingFile {
  std::string path;
  int pid = 0;
  unsigned number = 0;  // which image of that pid
};

// Recordings in a directory, by pid and number. Throws Error when it cannot be listed.
std::vector<RecordingFile> list_recordings(const std::string& directory);
// Reads rec.PID.N out of a path's last component; pid 0 when it is none.
RecordingFile parse_recording_name(const std::string& path);

}  // namespace track::read
