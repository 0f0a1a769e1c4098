// Where recordings and libtrack.so are.
#pragma once

#include <string>

namespace track::verbs {

// asked, else as wire/places.h says. Not created.
std::string recordings_directory(const std::string& asked);

// TRACK_LIBRARY, else ../lib/libtrack.so beside this program, else the library directories. Throws
// Error when there is none, or its path cannot be put into LD_PRELOAD.
std::string find_library();

// A private directory for one run, mode 0700; removed with its files unless kept. Locked while we
// live (a shared flock), so that no other run takes it for one that was killed: see sweep.h.
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
  bool create(const std::string& recordings);  // false: it was swept before it was locked

  std::string path_;
  int lock_ = -1;
  bool kept_ = false;
};

}  // namespace track::verbs
