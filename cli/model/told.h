// What a program told of its own coroutines (track/coroutine.h) goes before what their frames look
// like.
#pragma once

#include "cli/model/trace.h"

namespace track {

// The function that it named, into Trace::functions; 0 = none.
uint32_t told_function(Trace& trace, const Coroutine& coroutine);

// Once it is known which coroutines there are: of those that were told about await_point, since_ns,
// awaited_by and awaits.
void use_told(Trace& trace);

}  // namespace track
