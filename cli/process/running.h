// Which coroutines a thread is inside of right now. Their own frames do not say: one that runs
// looks suspended where it was suspended last. What says it is a thread's stack: a call made by the
// coroutine's function, with the address of its frame in that call's part of the stack or in a
// register that it keeps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// The functions at a return address, readable, inlined ones too; a coroutine's body goes by the
// name of its coroutine. Empty: no symbols.
using CodeNames = std::function<std::vector<std::string>(uint64_t return_address)>;

// Coroutines that a thread is inside of become `running`, with their thread. Needs the threads'
// stacks in the trace (a thread on a CPU that was not stopped has none), and read_await_points
// before: what is at its end or not started does not run.
//
// image: the threads with the registers that are known of them; those of a live process that have
// none are looked at while they sleep.
void find_running(Trace& trace, const ProcessImage& image, const CodeNames& names);
// The same of a live process with a recording: looks only at threads whose recorded stack leads
// through a coroutine.
void find_running(Trace& trace, const CodeNames& names);

}  // namespace track::process
