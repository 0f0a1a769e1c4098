#include "cli/model/utf8.h"

#include <doctest/doctest.h>

using namespace track;

TEST_CASE("what is no character, or none that may be shown, is replaced byte by byte") {
  const std::string no(kNoCharacter);
  CHECK(printable("a\nb\tc\r") == "a\nb\tc\r");
  CHECK(printable("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(printable("\xff") == no);
  CHECK(printable("\xc3") == no);                             // cut short
  CHECK(printable("\xc0\xaf") == no + no);                    // longer than it need be
  CHECK(printable("\xed\xa0\x80") == no + no + no);           // half of a pair
  CHECK(printable("\xf4\x90\x80\x80") == no + no + no + no);  // above the last
  CHECK(printable(std::string("\0\x1b\x7f", 3)) == no + no + no);
  CHECK(printable("\xc2\x85") == no);      // a control character of two bytes
  CHECK(printable("\xef\xbf\xbf") == no);  // XML has no place for it
  CHECK(printable_line("a\nb\tc\r\xff") == "a b c " + no);
}
