#include "cli/push/sender.h"

#include <doctest/doctest.h>

using namespace track::push;
using std::chrono::seconds;

TEST_CASE("which answers may be another one later") {
  for (const int status : {200, 202, 204}) CHECK(fate_of(status) == Fate::sent);
  for (const int status : {408, 429, 500, 502, 503, 504}) CHECK(fate_of(status) == Fate::later);
  for (const int status : {100, 301, 307, 400, 401, 403, 404, 413, 422})
    CHECK(fate_of(status) == Fate::refused);
}

TEST_CASE("Retry-After: seconds, or a date; an hour at most") {
  constexpr uint64_t kNow = 784111777'000000000;  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(retry_after("120", kNow) == seconds(120));
  CHECK(retry_after("0", kNow) == seconds(0));
  CHECK(retry_after("99999999", kNow) == seconds(3600));
  CHECK(retry_after("99999999999999999999999", kNow) == seconds(0));
  CHECK(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow) == seconds(60));
  CHECK(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", kNow) == seconds(0));
  CHECK(retry_after("Mon, 06 Nov 2034 08:48:37 GMT", kNow) == seconds(3600));
  for (const char* bad : {"", "soon", "-5", "1.5", "5 s", "Sun, 06 Nov 1994 08:50:37 GMT x"})
    CHECK(retry_after(bad, kNow) == seconds(0));
}
