#include "cli/read/dump.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstring>

#include "cli/model/dump_layout.h"
#include "cli/model/error.h"
#include "cli/write/dump.h"
#include "cli/write/tasks.h"
#include "cli/write/text.h"
#include "tests/support/dump_processes.h"

using namespace track;
using dump::DumpHeader;
using dump::DumpSection;

namespace {

std::vector<Loaded> read_text(const std::string& file) {
  return read::read_dump(read::Bytes::memory(std::as_bytes(std::span(file))), "a.dump");
}

std::string error_of(const std::string& file) {
  try {
    read_text(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

template <class T>
T at(const std::string& file, size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}
template <class T>
void put(std::string& file, size_t offset, const T& value) {
  std::memcpy(file.data() + offset, &value, sizeof value);
}

DumpSection section(const std::string& file, size_t index) {
  return at<DumpSection>(file, sizeof(DumpHeader) + index * sizeof(DumpSection));
}

// As one who means harm would: the directory's checksum is right again.
void seal(std::string& file) {
  auto header = at<DumpHeader>(file, 0);
  header.checksum = 0;
  const auto* head = reinterpret_cast<const unsigned char*>(&header);
  const auto* directory = reinterpret_cast<const unsigned char*>(file.data()) + sizeof header;
  header.checksum = static_cast<uint32_t>(
      crc32_z(crc32_z(0, head, sizeof header), directory, header.sections * sizeof(DumpSection)));
  put(file, 0, header);
}
void change_section(std::string& file, size_t index, const DumpSection& to) {
  put(file, sizeof(DumpHeader) + index * sizeof(DumpSection), to);
  seal(file);
}

std::string print(const ProcessReport& process) {
  return write::text_tasks({process}, {}, {}) + write::json_tasks({process}, {});
}

}  // namespace

TEST_CASE("what comes out of a dump is what went in") {
  const Loaded before = test::everything();
  const std::string file = write::dump_bytes({before, before}, 77);
  const std::vector<Loaded> all = read_text(file);
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[1].dump.damaged);
  CHECK(all[1].dump.path == "a.dump");
  CHECK(all[1].dump.file_bytes == file.size());
  CHECK(all[1].dump.taken_realtime_ns == 77);
  // Written again it is the same file: nothing was lost or changed on the way.
  CHECK(write::dump_bytes(all, 77) == file);
  const Loaded& after = all[1];
  CHECK(print(after.report) == print(before.report));
  CHECK(after.report.trace.threads.at(2).wait.owner_tid == -1);
  CHECK(after.report.trace.signal == -1);
  CHECK(after.report.trace.memory == before.report.trace.memory);
  CHECK(after.report.note == "when the time was up");
  CHECK(after.notes == before.notes);
  CHECK(after.deadlocks.stuck == before.deadlocks.stuck);
  CHECK(after.deadlocks.findings.at(0).because == before.deadlocks.findings.at(0).because);
  CHECK(after.fixpoint.threads.at(0).held_bytes == 4096);
  CHECK(after.fixpoint.not_visible == before.fixpoint.not_visible);
}

TEST_CASE("extreme numbers survive the differences") {
  Loaded loaded = test::everything();
  for (Coroutine& coroutine : loaded.report.trace.coroutines) {
    coroutine.address = coroutine.id % 2 == 0 ? 0 : ~uint64_t{0};
    coroutine.created_ns = coroutine.id % 3 == 0 ? uint64_t{1} << 63 : 1;
  }
  loaded.report.trace.exit_code = -2147483647;
  const std::vector<Loaded> all = read_text(write::dump_bytes({loaded}, 0));
  CHECK(all.at(0).report.trace.exit_code == -2147483647);
  for (const Coroutine& coroutine : all[0].report.trace.coroutines) {
    CHECK(coroutine.address == (coroutine.id % 2 == 0 ? 0 : ~uint64_t{0}));
    CHECK(coroutine.created_ns == (coroutine.id % 3 == 0 ? uint64_t{1} << 63 : 1));
  }
}

TEST_CASE("a dump that was cut off is read up to the cut, and says so once a process") {
  const std::string file = write::dump_bytes({test::everything()}, 0);
  const DumpSection code = section(file, 4);
  const std::vector<Loaded> all = read_text(file.substr(0, code.offset));
  REQUIRE(all.size() == 1);
  CHECK(all[0].dump.damaged);
  CHECK(all[0].report.trace.threads.size() == 3);
  CHECK(all[0].report.symbols.code.empty());
  REQUIRE(all[0].report.trace.warnings.size() == 1);
  CHECK(all[0].report.trace.warnings[0].find("cut off before its end") != std::string::npos);
  CHECK(all[0].report.trace.warnings[0].find("coroutines") != std::string::npos);
  CHECK_FALSE(all[0].report.trace.complete());
}

TEST_CASE("every cut of a dump is read or refused, never more") {
  const std::string file = write::dump_bytes({test::everything()}, 0);
  size_t refused = 0;
  for (size_t size = 0; size < file.size(); ++size) {
    try {
      const std::vector<Loaded> all = read_text(file.substr(0, size));
      CHECK(all.at(0).dump.damaged);
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > sizeof(DumpHeader));
  CHECK(refused < file.size());
}

TEST_CASE("one damaged section leaves the others") {
  std::string file = write::dump_bytes({test::everything()}, 0);
  const DumpSection threads = section(file, 1);
  REQUIRE(threads.part == dump::Part::threads);
  file[threads.offset + threads.stored_bytes / 2] ^= 1;
  const std::vector<Loaded> all = read_text(file);
  CHECK(all.at(0).report.trace.threads.empty());
  CHECK(all[0].report.trace.coroutines.size() == 70);
  CHECK(all[0].report.trace.warnings.at(0).find("threads (its checksum is wrong)") !=
        std::string::npos);
}

TEST_CASE("what is no dump, or of another track, is refused with a reason") {
  const std::string file = write::dump_bytes({test::everything()}, 0);
  CHECK(error_of("") == "a.dump is no dump of track");
  CHECK(error_of("TRKDUMP\n").find("too short") != std::string::npos);
  std::string other = file;
  put(other, offsetof(DumpHeader, version), uint32_t{99});
  CHECK(error_of(other).find("format version 99; this track reads version 2") != std::string::npos);
  other = file;
  put(other, offsetof(DumpHeader, layout), uint64_t{5});
  CHECK(error_of(other).find("another build of track") != std::string::npos);
  other = file;
  other[sizeof(DumpHeader) + 9] ^= 4;
  CHECK(error_of(other).find("directory is damaged (checksum)") != std::string::npos);
  CHECK(error_of(file.substr(0, 200)).find("cut off within its directory") != std::string::npos);
  CHECK(error_of(write::dump_bytes({}, 0)).find("holds no process") != std::string::npos);
}

TEST_CASE("sections that claim too much are left out before any memory is taken") {
  const std::string file = write::dump_bytes({test::everything()}, 0);
  for (const uint64_t bytes : {uint64_t{1} << 29, uint64_t{1} << 40, ~uint64_t{0}}) {
    std::string bomb = file;
    DumpSection threads = section(file, 1);
    threads.bytes = bytes;
    change_section(bomb, 1, threads);
    CHECK(read_text(bomb).at(0).report.trace.threads.empty());
  }
  std::string astray = file;
  DumpSection threads = section(file, 1);
  threads.offset = ~uint64_t{0} - 10;
  change_section(astray, 1, threads);
  CHECK(read_text(astray).at(0).report.trace.threads.empty());
  std::string crowd = file;
  threads = section(file, 1);
  threads.process = ~uint32_t{0};
  change_section(crowd, 1, threads);
  CHECK(error_of(crowd).find("names process") != std::string::npos);
}

TEST_CASE("control characters in a dump do not reach the terminal") {
  Loaded loaded = test::everything();
  loaded.report.trace.threads[2].name = "a\x1b[31mb\nc";
  CHECK(read_text(write::dump_bytes({loaded}, 0)).at(0).report.trace.threads.at(2).name ==
        "a?[31mb?c");
}
