#include "cli/top/cells.h"

#include <doctest/doctest.h>
#include <locale.h>

using namespace track::top;

namespace {

// Widths of characters are the locale's.
const bool utf8 = setlocale(LC_CTYPE, "C.UTF-8") != nullptr;

}  // namespace

TEST_CASE("what could move the cursor or turn the writing is shown as ?") {
  REQUIRE(utf8);
  CHECK(shown("\033[2Jname\r\n", true) == "?[2Jname??");
  CHECK(shown("a\tb", true) == "a b");
  CHECK(shown("\xc2\x9b"
              "31m",
              true) == "?31m");  // a C1 control: CSI
  CHECK(shown("a\xe2\x80\xae"
              "b",
              true) == "a?b");  // right-to-left override
  CHECK(shown("\xff\xc0\xaf\xed\xa0\x80", true).find_first_not_of('?') == std::string::npos);
  CHECK(shown("caf\xc3\xa9", true) == "caf\xc3\xa9");
  CHECK(shown("caf\xc3\xa9", false) == "caf?");
  CHECK(shown("cut \xe2\x82", true) == "cut ??");
}

TEST_CASE("text fills and fits columns, not bytes") {
  REQUIRE(utf8);
  CHECK(columns_of("caf\xc3\xa9") == 4);
  CHECK(columns_of("\xe6\xbc\xa2\xe5\xad\x97") == 4);  // two wide ones
  CHECK(in_columns("caf\xc3\xa9", 6) == "caf\xc3\xa9  ");
  CHECK(in_columns("7", 3, true) == "  7");
  CHECK(in_columns("worker-17", 6) == "work..");
  CHECK(in_columns("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 5) == "\xe6\xbc\xa2.. ");
  CHECK(cut_to("abc", 2) == "ab");
  CHECK(cut_to("abc", 0).empty());
}

TEST_CASE("names without their noise") {
  CHECK(brief("(anonymous namespace)::g, (anonymous namespace)::f a.cc:1") == "g, f a.cc:1");
  CHECK(brief("plain") == "plain");
}
