// threads.h: births, names, joins and ends of threads, pthread and C11.
//
// The creation stack and time are the creator's; the thread takes its slot over before its first
// own instruction. An end is noticed in the last round of thread-specific destructors.
#pragma once

#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"

namespace track::capture {

int create_thread(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*),
                  void* argument, const core::Registers& registers, const Real& real);
int create_c11_thread(thrd_t* thread, thrd_start_t routine, void* argument,
                      const core::Registers& registers, const Real& real);

// Join: begin publishes who is waited for; end says whether it is joined now.
struct OpenJoin {
  wire::ThreadSlot* target = nullptr;
  OpenWait wait;
};
void begin_join(OpenJoin& join, pthread_t thread, uint8_t flags, const core::Registers& registers);
void end_join(OpenJoin& join, bool joined);

void detaching(pthread_t thread);
void named(pthread_t thread, const char* name);
void cancelled(pthread_t thread);

// A second thread of control is about to run with this thread's thread-local storage: nothing more
// is recorded of either, which is counted.
void no_longer_told_apart();

}  // namespace track::capture
