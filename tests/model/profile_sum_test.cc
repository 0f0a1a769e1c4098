#include "cli/model/profile_sum.h"

#include <doctest/doctest.h>

#include "cli/model/error.h"
#include "cli/model/profile_builder.h"
#include "tests/support/trace_builder.h"

using namespace track;
using test::TraceBuilder;

namespace {

// `count` tasks in work(), of a program loaded `shift` higher than elsewhere.
Profile tasks(int64_t count, uint64_t shift, uint64_t age_ns = 0) {
  TraceBuilder t;
  const StackIndex at = t.stack({"lock@4", "work@7"});
  Trace& trace = t.trace;
  trace.start_realtime_ns = 1'000;
  Symbols symbols;
  for (const auto& [key, location] : t.symbols.code) {
    Location& moved = symbols.code[{key.address + shift, key.generation}] = location;
    moved.address += shift;
  }
  for (uint64_t& address : trace.stacks[at].addresses) address += shift;
  for (Module& module : trace.modules) {
    module.base += shift;
    module.start += shift;
    module.end += shift;
  }
  ProfileBuilder builder(trace, symbols, "tasks");
  builder.profile().value_types = {{"tasks", "count"}};
  if (count != 0)
    builder.add(builder.joined(builder.stack(at), {}),
                {age_label(age_ns), text_label("kind", "thread")}, {count});
  return builder.finish();
}

}  // namespace

TEST_CASE("profiles of two processes of one program meet, wherever it was loaded") {
  const Profile sum = merge(tasks(3, 0), tasks(4, 0x10'0000'0000));
  REQUIRE(sum.samples.size() == 1);
  CHECK(sum.samples[0].values[0] == 7);
  CHECK(sum.modules.size() == 1);
  CHECK(sum.locations.size() == 2);
  CHECK(sum.locations[0].address == sum.modules[0].base + sum.locations[0].offset);
}

TEST_CASE("two looks at the same differ in nothing, though all is older and elsewhere") {
  const Profile none = subtract(tasks(3, 0x5000, 90'000'000'000), tasks(3, 0, 1));
  CHECK(none.samples.empty());
  CHECK(none.value_types.size() == 1);
}

TEST_CASE("a difference is signed") {
  CHECK(subtract(tasks(3, 0), tasks(1, 0x1000)).samples.at(0).values[0] == 2);
  CHECK(subtract(tasks(0, 0), tasks(5, 0x1000)).samples.at(0).values[0] == -5);
}

TEST_CASE("another build of the program is another module") {
  Profile other = tasks(1, 0);
  other.modules[0].build_id = "ef";
  CHECK(merge(tasks(1, 0), other).modules.size() == 2);
  CHECK(subtract(tasks(1, 0), other).samples.size() == 2);
}

TEST_CASE("profiles of different types are not put together") {
  Profile other = tasks(1, 0);
  other.value_types = {{"inuse_space", "bytes"}};
  CHECK_THROWS_AS(merge(tasks(1, 0), other), Error);
  CHECK_THROWS_WITH(subtract(tasks(1, 0), other),
                    "these profiles are of different types: tasks/count and inuse_space/bytes");
}
