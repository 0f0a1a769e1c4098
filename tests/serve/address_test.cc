#include "cli/serve/address.h"

#include <doctest/doctest.h>

#include "cli/model/error.h"

namespace track::serve {
namespace {

TEST_CASE("where to listen: figures, this machine by default") {
  CHECK(parse_listen("8080").host == "127.0.0.1");
  CHECK(parse_listen("8080").port == 8080);
  CHECK(parse_listen("127.0.0.2").port == 0);
  CHECK(parse_listen("0.0.0.0:99").host == "0.0.0.0");
  CHECK(parse_listen("[::1]:7").host == "::1");
  CHECK(parse_listen("::1").host == "::1");
  CHECK(parse_listen(":7").host == "127.0.0.1");
  CHECK(parse_listen("localhost:7").host == "127.0.0.1");
  for (const char* bad : {"", "example.org:80", "127.0.0.1:65536", "127.0.0.1:-1", "[::1",
                          "127.0.0.1:x", "[::1]x", "999.1.1.1"})
    CHECK_THROWS_AS(parse_listen(bad), Error);
  CHECK(parse_listen("[::1]:7").authority(9) == "[::1]:9");
  CHECK(parse_listen("127.9.9.9").loopback());
  CHECK(!parse_listen("0.0.0.0").loopback());
}

TEST_CASE("a name that somebody else may point here is refused") {
  const ListenAddress here = parse_listen("127.0.0.1:4711");
  for (const char* good :
       {"127.0.0.1:4711", "localhost:4711", "LocalHost", "127.0.0.1:80", "[::1]:4711"})
    CHECK(host_allowed(good, here));
  for (const char* bad :
       {"", "evil.example", "evil.example:4711", "127.0.0.1.evil.example:4711", "localhost.evil",
        "192.168.1.2:4711", "[::1", "127.0.0.1:4711:4711", "127.0.0.1:x", "localhost:999999"})
    CHECK(!host_allowed(bad, here));
  const ListenAddress everywhere = parse_listen("0.0.0.0:1");
  CHECK(host_allowed("192.168.1.2:1", everywhere));
  CHECK(!host_allowed("evil.example:1", everywhere));
  CHECK(host_allowed("192.168.1.2:1", parse_listen("192.168.1.2:1")));
  CHECK(!host_allowed("192.168.1.3:1", parse_listen("192.168.1.2:1")));
}

TEST_CASE("only our own pages ask") {
  CHECK(origin_allowed("", "127.0.0.1:1"));
  CHECK(origin_allowed("http://127.0.0.1:1", "127.0.0.1:1"));
  CHECK(!origin_allowed("http://localhost:1", "127.0.0.1:1"));
  CHECK(!origin_allowed("http://127.0.0.1:2", "127.0.0.1:1"));
  CHECK(!origin_allowed("https://127.0.0.1:1", "127.0.0.1:1"));
  CHECK(!origin_allowed("null", "127.0.0.1:1"));
}

TEST_CASE("secrets: long, never the same, compared whole") {
  const std::string one = random_token(), two = random_token();
  CHECK(one.size() == 32);
  CHECK(one != two);
  CHECK(same_secret(one, one));
  CHECK(!same_secret("", one));
  CHECK(!same_secret(one.substr(0, 31), one));
  CHECK(!same_secret(one + "0", one));
  CHECK(!same_secret(two, one));
}

}  // namespace
}  // namespace track::serve
