#include <doctest/doctest.h>

#include "cli/analyze/fixpoint.h"
#include "tests/support/process_builder.h"

namespace track::analyze {
namespace {

using Process = test::ProcessBuilder;

TEST_CASE("what a declared root or a held pointer leads to is reached, in disguise as well") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), table = p.block(64);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  p.store(table + 24, object);
  SUBCASE("without either") {
    CHECK(p.solve().threads.size() == 1);
    return;
  }
  SUBCASE("held") {
    p.picture().declared_words.push_back(object + 16);
  }
  SUBCASE("a root in a block that nothing refers to") {
    p.picture().declared_roots = {{table + 16, table + 32}};
  }
  SUBCASE("the same, a reference with a tag") {
    p.store(table + 24, object | uint64_t{0xa5} << 56);
    p.picture().declared_roots = {{table + 16, table + 32}};
  }
  SUBCASE("the same, complemented") {
    p.store(table + 24, ~object);
    p.picture().declared_roots = {{table + 16, table + 32}};
  }
  CHECK(p.solve().threads.empty());
}

TEST_CASE("a root leads to what stands in it, and to nothing beside it") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), table = p.block(64);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  p.store(table + 48, object);
  p.picture().declared_roots = {{table + 16, table + 32}};
  CHECK(p.solve().threads.size() == 1);
}

}  // namespace
}  // namespace track::analyze
