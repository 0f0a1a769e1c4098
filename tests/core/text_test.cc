#include "libtrack/core/text.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace track::core;

TEST_CASE("Text appends words and numbers") {
  char buffer[64];
  CHECK(std::strcmp(Text(buffer, sizeof buffer).add("rec.").add(uint64_t{0}).c_str(), "rec.0") ==
        0);
  CHECK(std::strcmp(Text(buffer, sizeof buffer).add(UINT64_MAX).c_str(), "18446744073709551615") ==
        0);
}

TEST_CASE("Text cuts what does not fit and terminates what is left") {
  char buffer[8];
  std::memset(buffer, 'x', sizeof buffer);
  Text text(buffer, 5);
  text.add("ab").add("cdef").add("g");
  CHECK(std::strcmp(buffer, "abcd") == 0);
  CHECK(buffer[5] == 'x');
  char one[1] = {'x'};
  Text(one, 1).add("a").add(uint64_t{7});
  CHECK(one[0] == 0);
}

TEST_CASE("equal and starts_with compare whole words") {
  CHECK(equal("", ""));
  CHECK(equal("GNU", "GNU"));
  CHECK_FALSE(equal("GN", "GNU"));
  CHECK_FALSE(equal("GNU", "GN"));
  CHECK(starts_with("linux-vdso.so.1", "linux-vdso"));
  CHECK(starts_with("a", ""));
  CHECK_FALSE(starts_with("linux", "linux-vdso"));
  CHECK(length("") == 0);
  CHECK(length("four") == 4);
}
