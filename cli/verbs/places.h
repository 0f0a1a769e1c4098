// Where recordings and libtrack.so are.
#pragma once

#include <string>

namespace track::verbs {

// asked, else $XDG_RUNTIME_DIR/track, else /tmp/track-UID. Not created.
std::string recordings_directory(const std::string& asked);

// Tidies that directory, if it is this user's: what killed runs left goes, and of the recordings of
// processes that are gone only the newest 16, within 256 MiB, stay.
void sweep(const std::string& recordings);

// TRACK_LIBRARY, else ../lib/libtrack.so beside this program, else the library directories. Throws
// Error when there is none, or its path cannot be put into LD_PRELOAD.
std::string find_library();

// A private directory for one run, mode 0700; removed with its files unless kept. What killed runs
// left behind is removed by the next one.
class Session {
 public:
  // Creates the recordings directory when needed. Throws Error when it cannot be used.
  Session(const std::string& recordings, bool kept);
  ~Session();
  Session(const Session&) = delete;

  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }
  bool kept() const { return kept_; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace track::verbs
