// what: Three fibers of a hand-written scheduler wait for a reply for ever; one never starts.
// expect: outlived-task suspected count=3 created_by=start_fiber blocked_in=await_reply
// expect: outlived-task suspected count=1 created_by=start_fiber
// flags: -Ilibtrack/include
#include "samples/fibers/own_scheduler.h"

namespace {

void request() {
  for (int hop = 0; hop < 3; ++hop) await_reply();
}

}  // namespace

int main() {
  for (int i = 0; i < 4; ++i) start_fiber(request);
  for (int i = 0; i < 3; ++i) resume_fiber(i);
}
