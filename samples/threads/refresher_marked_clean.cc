// what: A detached refresher that is there to stay says so: its being there is no leak.
// expect: gate-clean
// flags: -Ilibtrack/include
#include "samples/support/refresher.h"

int main() {
  start_refresher([] { track_task_long_lived(1); });
  refreshing.wait();
}
