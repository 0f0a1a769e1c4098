// What a call that is broken off half-way leaves moved: pipes, stream sockets and terminals take
// what they have room for, and a writer sleeps for the rest.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace track::process {

constexpr uint64_t kAnyBytes = ~uint64_t{0};

// How many bytes one call writes to it wholly or not at all. kAnyBytes: whatever it writes (files,
// datagrams, counters). 0: none, or what it is cannot be told.
uint64_t moved_at_once(pid_t pid, uint64_t descriptor);
// It is such a stream, and whoever writes or reads waits until it can.
bool is_blocking_stream(pid_t pid, uint64_t descriptor);

}  // namespace track::process
