// places.h: where recordings lie: option `dir`, else $XDG_RUNTIME_DIR/track, else /tmp/track-UID,
// else /dev/shm/track-UID; the first that can be had, and never on a file system that copies on
// write. There each page of a mapped file needs new room again and again, after it was written
// back, whatever was reserved: once there is none, or a quota is used up, touching it is SIGBUS.
#pragma once

#include <cstdint>

namespace track::wire {

// f_type as statfs tells it.
constexpr bool copies_on_write(uint64_t file_system) {
  constexpr uint64_t kBtrfs = 0x9123683e, kBcachefs = 0xca451a4e, kZfs = 0x2fc12fc1;
  return file_system == kBtrfs || file_system == kBcachefs || file_system == kZfs;
}

}  // namespace track::wire
