#include "cli/write/dump.h"

#include <doctest/doctest.h>

#include <cstring>

#include "cli/model/dump_layout.h"
#include "tests/support/dump_processes.h"

using namespace track;

TEST_CASE("a dump begins with what it is, and ends where it says") {
  const std::string file = write::dump_bytes({test::everything()}, 42);
  dump::DumpHeader header;
  REQUIRE(file.size() > sizeof header);
  std::memcpy(&header, file.data(), sizeof header);
  CHECK(std::memcmp(header.magic, dump::kMagic, sizeof header.magic) == 0);
  CHECK(header.version == dump::kVersion);
  CHECK(header.sections == dump::kParts);
  CHECK(header.file_bytes == file.size());
  CHECK(header.taken_realtime_ns == 42);
}

TEST_CASE("equal processes are equal files") {
  CHECK(write::dump_bytes({test::everything()}, 1) == write::dump_bytes({test::everything()}, 1));
}

TEST_CASE("alike coroutines take less than a byte each") {
  Loaded loaded = test::everything();
  const size_t few = write::dump_bytes({loaded}, 0).size();
  std::vector<Coroutine>& coroutines = loaded.report.trace.coroutines;
  coroutines.resize(10'000, coroutines.back());
  for (size_t i = 0; i < coroutines.size(); ++i) {
    coroutines[i].id = i + 1;
    coroutines[i].address = 0x7f0000001000 + 96 * i;
  }
  CHECK(write::dump_bytes({loaded}, 0).size() - few < 10'000);
}
