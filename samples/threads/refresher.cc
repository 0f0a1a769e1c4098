// what: A detached refresher lives on when main returns, and nobody said that it should.
// expect: outlived-task suspected count=1 created_by=start_refresher blocked_in=refresh
// flags: -Ilibtrack/include
#include "samples/support/refresher.h"

int main() {
  start_refresher([] {});
  refreshing.wait();
}
