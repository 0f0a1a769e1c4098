#include "cli/serve/row_table.h"

#include <doctest/doctest.h>

namespace track::serve {
namespace {

Json row(const char* kind, uint64_t id, const char* state, uint64_t age, uint64_t since) {
  return {{"id", id}, {"kind", kind}, {"state", state}, {"age_ns", age}, {"since_ns", since}};
}

TEST_CASE("only what changed is told; that time passes is no change") {
  RowTable table;
  RowChange change = table.change(
      Json::array({row("thread", 1, "mutex", 50, 20), row("thread", 2, "running", 9, 0)}), 1000);
  CHECK(change.upsert.size() == 2);
  CHECK(change.remove.empty());
  // 100 ns later: the same wait, and nothing else.
  change = table.change(
      Json::array({row("thread", 1, "mutex", 150, 120), row("thread", 2, "running", 109, 0)}),
      1100);
  CHECK(change.empty());
  // Another wait of the same kind.
  change = table.change(
      Json::array({row("thread", 1, "mutex", 250, 10), row("thread", 2, "running", 209, 0)}), 1200);
  REQUIRE(change.upsert.size() == 1);
  CHECK(change.upsert[0]["id"] == 1);
}

TEST_CASE("who is gone is told by kind and number") {
  RowTable table;
  table.change(
      Json::array({row("thread", 3, "join", 1, 1), row("coroutine", 3, "suspended", 1, 0)}), 10);
  const RowChange change = table.change(Json::array({row("thread", 3, "join", 2, 2)}), 11);
  CHECK(change.upsert.empty());
  REQUIRE(change.remove.size() == 1);
  CHECK(change.removed() == R"([["coroutine",3]])");
  CHECK(table.size() == 1);
}

TEST_CASE("a snapshot has so much room, and says what had none") {
  RowTable table;
  Json rows = Json::array();
  for (uint64_t i = 0; i < 100; ++i) rows.push_back(row("thread", i, "mutex", 5, 5));
  table.change(rows, 10);
  const LiveStacks stacks;
  size_t left_out = 0;
  CHECK(Json::parse(table.rows(stacks, 1 << 20, left_out))["rows"].size() == 100);
  CHECK(left_out == 0);
  const Json some = Json::parse(table.rows(stacks, 500, left_out));
  CHECK(some["rows"].size() + left_out == 100);
  CHECK(left_out > 0);
  CHECK(!some["rows"].empty());
  CHECK(some["alike"].size() == 1);
}

}  // namespace
}  // namespace track::serve
