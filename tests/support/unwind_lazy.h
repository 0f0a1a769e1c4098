// unwind_lazy.h: a library whose calls to itself are bound at the first call.
#pragma once

extern "C" {
// Called, if set, while the loader binds the call inside unwind_lazy_call().
extern void (*unwind_lazy_probe)();

int unwind_lazy_call(int number);   // number + 1
int unwind_lazy_plain(int number);  // number + 1, bound without a probe
}
