// What speaks against forking a process from outside, known before it is held.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "cli/process/memory_kinds.h"

namespace track::process {

// Why a copy-on-write image could harm this process, whose own memory has so many bytes; empty = it
// cannot. Pages written while there is an image are there twice.
std::string why_not_forked(pid_t pid, uint64_t bytes, const SpecialMemory& special);

}  // namespace track::process
