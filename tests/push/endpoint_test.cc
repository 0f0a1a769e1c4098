#include "cli/push/endpoint.h"

#include <doctest/doctest.h>

#include "cli/model/error.h"

using namespace track;
using namespace track::push;

namespace {

std::string path_of(const std::string& url, const std::string& protocol = "") {
  return parse_endpoint(url, protocol).path;
}

Parcel parcel() {
  Parcel one;
  one.id = "6f1f7a0e-0f6c-4b1e-9c0a-0123456789ab";
  one.name = "memory";
  one.labels = {{"service_name", "shop{1}"}, {"zone", "a,b=c"}};
  one.from_ns = 1'700'000'000'500'000'000;
  one.until_ns = 1'700'000'000'900'000'000;
  one.values = {{"alloc_space", "bytes", true}, {"inuse_objects", "count", false}};
  one.pprof = std::string("\x1f\x8b\0\n--x", 7);
  return one;
}

}  // namespace

TEST_CASE("the path says which form it is, else the protocol does") {
  CHECK(path_of("http://h:4040") == "/push.v1.PusherService/Push");
  CHECK(path_of("http://h:4040/") == "/push.v1.PusherService/Push");
  CHECK(path_of("https://h/prof/") == "/prof/push.v1.PusherService/Push");
  CHECK(path_of("http://h/x/push.v1.PusherService/Push") == "/x/push.v1.PusherService/Push");
  CHECK(path_of("http://h/ingest") == "/ingest");
  CHECK(parse_endpoint("http://h/ingest", "").form == Form::ingest);
  CHECK(path_of("http://h/a", "ingest") == "/a/ingest");
  CHECK(path_of("http://h:7070", "parca") == "/profiles/writeraw");
  CHECK(parse_endpoint("https://h", "").secure);
  CHECK(parse_endpoint("http://127.0.0.1:1", "").loopback);
  CHECK_FALSE(parse_endpoint("http://10.0.0.1", "").loopback);
  for (const char* bad : {"", "h:4040", "ftp://h", "http://", "http:///x", "http://h/?a=b",
                          "http://h/#a", "http://h/a b", "http://u:p@h/", "http://h\r\nX: y/"})
    CHECK_THROWS_AS(parse_endpoint(bad, ""), Error);
}

TEST_CASE("what /ingest cannot write in a name is not in it; a moment has a second") {
  const Message message = message_of(parse_endpoint("http://h", "ingest"), parcel());
  CHECK(message.path ==
        "/ingest?name=shop_1_%7Bzone%3Da_b_c%7D&from=1699999999&until=1700000000&format=pprof"
        "&spyName=libtrack");
  CHECK(message.body.find(parcel().pprof) != std::string::npos);
  CHECK(message.body.find(R"("alloc_space":{"units":"bytes")") != std::string::npos);
  CHECK(message.body.find(R"("aggregation":"average")") != std::string::npos);
}

TEST_CASE("profiles with equal types are told apart by what their values are called") {
  Parcel one = parcel();
  one.values = {{"contentions", "count", true}, {"delay", "nanoseconds", true}};
  for (const char* name : {"mutex", "block"}) {
    one.name = name;
    const std::string body = message_of(parse_endpoint("http://h/ingest", ""), one).body;
    CHECK(body.find("\"display-name\":\"" + one.name + "_count\"") != std::string::npos);
    CHECK(body.find("\"display-name\":\"" + one.name + "_duration\"") != std::string::npos);
    CHECK(body.find("\"units\":\"lock_nanoseconds\"") != std::string::npos);
  }
}

TEST_CASE("a parcel comes out of its file as it was put in, or not at all") {
  const std::string bytes = pack(parcel());
  const Parcel back = unpack(bytes);
  CHECK(pack(back) == bytes);
  CHECK(back.pprof == parcel().pprof);
  CHECK(back.values.size() == 2);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_THROWS_AS(unpack(bytes.substr(0, size)), Error);
  CHECK_THROWS_AS(unpack(bytes + "x"), Error);
  CHECK_THROWS_AS(unpack("[]\n"), Error);
}

TEST_CASE("ids are UUIDs, and differ") {
  const std::string id = new_id();
  CHECK(id.size() == 36);
  CHECK(id[14] == '4');
  CHECK(std::string("89ab").find(id[19]) != std::string::npos);
  CHECK(id != new_id());
}
