// A small profile with everything a writer has to care for: inlined functions, code without a name
// in a module that has names too, code in no module, a co_await, a mark, labels of both sorts.
#pragma once

#include "cli/model/profile.h"

namespace track::test {

inline Frame frame(const std::string& function, const std::string& linkage, uint32_t line,
                   bool inlined = false) {
  return {function, linkage, "/src/" + function.substr(0, 4) + ".cc", line, 0, inlined};
}

inline Profile sample_profile() {
  Profile profile;
  profile.type = "heap";
  profile.value_types = {{"inuse_objects", "count"}, {"inuse_space", "bytes"}};
  profile.shown = 1;
  profile.period_type = {"space", "bytes"};
  profile.period = 1;
  profile.time_ns = 1'700'000'000'000'000'000;
  profile.duration_ns = 5'000'000'000;
  profile.modules = {{"/bin/server", "ab12", 0x400000, 0x400000, 0x500000, 0, 0},
                     {"/lib/libx.so", "", 0x800000, 0x800000, 0x900000, 0, 0}};
  profile.locations = {
      {0x400101,
       0,
       0x101,
       {frame("Pool::grow(int)", "_ZN4Pool4growEi", 7, true), frame("main", "", 9)}},
      {0x800010, 1, 0x10, {}},
      {0x800020, 1, 0x20, {frame("x_run", "", 3)}},
      {0x7000, -1, 0, {}},
      {0, -1, 0, {frame("session(int)", "", 55)}},
      {0, -1, 0, {frame("(created by)", "", 0)}},
  };
  profile.locations[5].frames[0].file.clear();
  const ProfileLabel kind{"kind", "thread", 0, ""}, age{"age", "", 0, "nanoseconds"};
  profile.samples = {
      {{1, 2, 0}, {age, kind}, {2, 2048}},
      {{3, 0}, {}, {1, 512}},
      {{4, 5, 0}, {kind}, {3, 96}},
  };
  profile.comments = {"lost: 3 stacks"};
  return profile;
}

}  // namespace track::test
