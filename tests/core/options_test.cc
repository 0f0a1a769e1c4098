#include "libtrack/core/options.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using namespace track::core;

namespace {
Options read(const char* text) {
  Options o;
  std::memset(static_cast<void*>(&o), 0x5a, sizeof o);
  read_options(o, text);
  return o;
}
}  // namespace

TEST_CASE("Without a text every option has its default") {
  const Options o = read(nullptr);
  CHECK(o.record);
  CHECK(o.coroutines);
  CHECK(follows_locks(o));
  CHECK_FALSE(records_holds(o));
  CHECK(o.waits);
  CHECK(o.threads_max == 65536);
  CHECK(o.coroutines_max == 4194304);
  CHECK(o.stacks_mb == 64);
  CHECK(std::strcmp(o.dir.value, "") == 0);
  CHECK_FALSE(o.keep);
  CHECK(o.reader == 0);
  CHECK(read("").threads_max == 65536);
}

TEST_CASE("locks is off, on, or all of them recorded") {
  CHECK_FALSE(follows_locks(read("locks=0")));
  CHECK_FALSE(follows_locks(read("locks=")));
  CHECK(follows_locks(read("locks=1")));
  CHECK(follows_locks(read("locks=all")));
  CHECK(records_holds(read("locks=all")));
  CHECK_FALSE(records_holds(read("locks=1")));
}

TEST_CASE("Keys are set by name, wherever they stand, the last one wins") {
  const Options o = read("keep=1:dir=/tmp/x:threads_max=128:record=0:threads_max=256");
  CHECK(o.keep);
  CHECK_FALSE(o.record);
  CHECK(std::strcmp(o.dir.value, "/tmp/x") == 0);
  CHECK(o.threads_max == 256);
}

TEST_CASE("Unknown keys, prefixes of keys and odd punctuation change nothing else") {
  const Options o = read(":::=:nothing=1:kee=1:keeper=1:take_ms=5x:hold_ms=:=3:keep=1:");
  CHECK(o.keep);
  CHECK(o.take_ms == 5);
  CHECK(o.hold_ms == 0);
  CHECK(o.threads_max == 65536);
}

TEST_CASE("A value may hold further equal signs") {
  CHECK(std::strcmp(read("dir=/a=b:keep=1").dir.value, "/a=b") == 0);
}

TEST_CASE("A text that is too long is cut and terminated") {
  const std::string longer = "dir=" + std::string(2000, 'd');
  CHECK(std::strlen(read(longer.c_str()).dir.value) == sizeof(Options::TextOption) - 1);
}

TEST_CASE("A number beyond 64 bits is the largest, not a small one") {
  CHECK(read("threads_max=99999999999999999999999").threads_max == UINT64_MAX);
  CHECK(read("threads_max=18446744073709551615").threads_max == UINT64_MAX);
}
