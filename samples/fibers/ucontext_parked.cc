// what: Three ucontext fibers wait for a reply that the scheduler never hands on; one never starts.
// expect: outlived-task suspected count=3 created_by=start_fiber blocked_in=await_reply
// expect: outlived-task suspected count=1 created_by=start_fiber
#include "samples/fibers/ucontext_scheduler.h"

namespace {

void request() {
  for (int hop = 0; hop < 3; ++hop) await_reply();
}

}  // namespace

int main() {
  for (int i = 0; i < 4; ++i) start_fiber(request);
  for (int i = 0; i < 3; ++i) resume_fiber(i);
}
