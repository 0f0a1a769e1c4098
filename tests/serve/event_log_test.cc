#include "cli/serve/event_log.h"

#include <doctest/doctest.h>

namespace track::serve {
namespace {

TEST_CASE("an event is lines that end with an empty one; its data has no line end") {
  CHECK(event_text("d", 7, "{\n \"a\": 1\r\n}") == "event: d\nid: 7\ndata: { \"a\": 1}\n\n");
}

TEST_CASE("who is not too far behind is told what came; who is begins anew") {
  EventLog log(100, 10);
  CHECK(log.follows(100));
  CHECK(!log.follows(99));
  CHECK(!log.follows(101));
  log.add("aaaa");
  log.add("bbbb");
  CHECK(log.last() == 102);
  CHECK(log.follows(100));
  CHECK(*log.after(100) == "aaaa");
  CHECK(*log.after(101) == "bbbb");
  log.add("cccc");
  CHECK(log.bytes() <= 10);
  CHECK(!log.follows(100));
  CHECK(*log.after(101) == "bbbb");
  CHECK(*log.after(102) == "cccc");
}

TEST_CASE("what is larger than the log is kept by nobody, and nobody is held up by it") {
  EventLog log(0, 10);
  log.add("aaaa");
  log.add(std::string(100, 'x'));
  CHECK(log.bytes() == 0);
  CHECK(!log.follows(1));
  CHECK(log.follows(2));
  log.add("b");
  CHECK(*log.after(2) == "b");
}

}  // namespace
}  // namespace track::serve
