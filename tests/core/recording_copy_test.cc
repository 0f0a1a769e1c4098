#include "libtrack/core/recording_copy.h"

#include <doctest/doctest.h>

#include "tests/support/open_recording.h"

using namespace track;
using test::in_child;

// A thread that began a hook before may ask afterwards: were it told to publish, the process that
// was detached from would be recorded again, and refused to the next who attaches.
TEST_CASE("A recording that was let go waits for nobody to publish it; a fork child's does") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(!core::forked_recording_unpublished());
          TRACK_EXPECT(core::let_go_of_recording());
          TRACK_EXPECT(!core::forked_recording_unpublished());
          return 0;
        }) == 0);
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(core::copy_recording_after_fork(false));
          TRACK_EXPECT(core::forked_recording_unpublished());
          return 0;
        }) == 0);
}

// Where it was forked in the midst of a detach, it has hooks for some calls and for others none.
TEST_CASE("A fork child that is to have no recording publishes none") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          TRACK_EXPECT(core::copy_recording_after_fork(false));
          core::let_go_of_forked_recording();
          TRACK_EXPECT(!core::forked_recording_unpublished());
          TRACK_EXPECT(!core::recording_is_ours());
          TRACK_EXPECT(!core::recording_on());
          return 0;
        }) == 0);
}
