// What a thread waits for, in words.
#pragma once

#include <string>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track {

// "mutex 0x.. (accounts)", "read of descriptor 3 (a pipe, ..)", "process 4711", "sleep".
std::string wait_text(const Trace& trace, const Symbols& symbols, WaitKind kind, uint64_t object);

}  // namespace track
