// One profile on its way: what it is of, and its bytes. As it is kept on disk, it belongs to no
// endpoint and holds no secret.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/push/labels.h"

namespace track::push {

struct ParcelValue {
  std::string type, unit;   // as in the profile: "inuse_space", "bytes"
  bool cumulative = false;  // sums up over profiles; else it is the state of a moment
};

struct Parcel {
  std::string id;    // a UUID
  std::string name;  // `__name__`: "process_cpu", "tasks", ...
  Labels labels;
  uint64_t from_ns = 0, until_ns = 0;  // CLOCK_REALTIME
  std::vector<ParcelValue> values;
  std::string pprof;  // gzipped
};

std::string new_id();

// A line of JSON, then the profile.
std::string pack(const Parcel& parcel);
// Throws Error: it is damaged.
Parcel unpack(const std::string& bytes);

}  // namespace track::push
