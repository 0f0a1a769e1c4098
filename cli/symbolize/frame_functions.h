// Whether two functions of a stripped file are what clang makes of a coroutine: its resume, and
// right behind that its destroy, or the one that destroys but does not free. Neither takes anything
// but the frame; resume clears the frame's first word when it ends, or frees the frame as destroy
// does; destroy asks for that word or for the same index as resume. Needs no debug information.
#pragma once

#include <cstdint>

#include "cli/model/frame_shape.h"
#include "cli/symbolize/freeing_calls.h"
#include "cli/symbolize/function_starts.h"
#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

// resume may be 0: a frame at its final suspension. Then nothing is likely, but what destroy says
// of the frame's size is told if it does nothing but free it.
FrameFunctions frame_functions(MachineCode& code, const FunctionStarts& functions,
                               const FreeingCalls& freeing, uint64_t resume, uint64_t destroy);

}  // namespace track::symbolize
