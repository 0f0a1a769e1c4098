// cpu_signal.h: a real-time signal that nobody uses, by the kernel's own calls: glibc's would drop
// its internal signals from masks and refuse some numbers. For cpu_sampler.cc only.
#pragma once

#include <stdint.h>

namespace track::core {

using SignalHandler = void (*)(int number, void* info, void* context);

// Installs the handler for a signal that has the default action, and is neither in `blocked` nor in
// `tried` (bit N - 1 for signal N). Returns its number, 0 when there is none. It runs
// with every signal blocked, on the alternate stack where the thread has one, and restarts calls.
int take_unused_signal(SignalHandler handler, uint64_t blocked, uint64_t tried);
// Those that this thread blocks.
uint64_t blocked_signals();
// Those that the main thread blocks now; `otherwise`, where /proc does not say.
uint64_t blocked_by_main_thread(uint64_t otherwise);

// Is that handler still there? The target may have set its own by a raw system call.
bool signal_is_ours(int number, SignalHandler handler);

// Back to the default action; what is pending of it on any thread is dropped.
void give_signal_back(int number);

// As if the handler had never been: what somebody else sent this thread does what it does by
// default once the handler has returned. info: the siginfo_t it came with.
void deliver_by_default(int number, const void* info);

}  // namespace track::core
