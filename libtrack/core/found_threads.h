// found_threads.h: threads that ran when the recording began (track attach). Each has a slot from
// then on, though it may never call a hook; it takes the slot over at the first one.
#pragma once

#include <cstdint>

#include "libtrack/wire/tables.h"

namespace track::core {

// Calls use(tid) for every thread there is, that of the caller included; those that are born
// meanwhile may be missing. Reads /proc/self/task, or where that is not there what was listed.
class ThreadIds {
 public:
  ThreadIds();
  ~ThreadIds();
  ThreadIds(const ThreadIds&) = delete;
  ThreadIds& operator=(const ThreadIds&) = delete;
  int32_t next();  // 0: there are no more

 private:
  long directory_;
  const int32_t* listed_;
  long filled_ = 0, at_ = 0;
  alignas(8) char entries_[2048];
};
// numbers: ended by a 0, valid until they are taken back by null.
void list_threads(const int32_t* numbers);
template <class Use>
void each_thread_of_this_process(Use use) {
  ThreadIds ids;
  while (const int32_t tid = ids.next()) use(tid);
}

// Before the recording is on, by one thread: first forget those that ended or took theirs over.
void forget_ended_found_threads();
void keep_found_thread(int32_t tid, wire::ThreadSlot* slot);
// By that thread, once; null: it was not found then.
wire::ThreadSlot* take_found_thread(int32_t tid);

}  // namespace track::core
