#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <track/testing.h>

#include "tests/testing/leaks.h"

TEST_CASE("Clean.Joins") {
  std::thread([] {}).join();
  CHECK(true);
}
TEST_CASE("Clean.EndsSoon") {
  track::testing::this_test().settle = std::chrono::minutes(1);  // machines are busy
  leaks::leave_soon();
}
TEST_CASE("Leaky.Thread") {
  leaks::leak_thread();
  CHECK(true);
}
TEST_CASE("Leaky.Section") {
  SUBCASE("clean") {
    CHECK(true);
  }
  SUBCASE("leaks") {
    leaks::leak_grandchild();
  }
}
TEST_CASE("After.IsNotBlamed") {
  CHECK(true);
}
TEST_CASE("Ignored.CreatedBy") {
  track::testing::this_test().created_by.push_back("leaks::leak_thread");
  leaks::leak_thread();
}
TEST_CASE("Failing.IsNotLookedAt") {
  leaks::leak_thread();
  CHECK(false);
}
