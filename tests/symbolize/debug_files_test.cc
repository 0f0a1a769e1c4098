// Separate debug files: found by build-id and by link, under another root, and never a wrong one.
#include "cli/symbolize/debug_files.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "cli/symbolize/symbolizer.h"
#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

namespace {

// A program split into a stripped file and its debug file, reported before anything moves.
struct Split {
  TempDirectory directory;
  std::string program = directory / "inline_chain";
  std::string debug = directory / "inline_chain.debug";
  Report report;

  explicit Split(const std::string& flags) {
    compile("g++ -std=c++20 -O2 -g " + flags, "inline_chain.cc", program);
    shell("objcopy --only-keep-debug " + program + " " + debug);
  }
  void strip() {
    shell("strip --strip-all " + program);
    report = run_fixture(program);
  }
  void strip_and_link() {
    shell("cd " + directory.path().string() + " && strip --strip-all inline_chain && objcopy" +
          " --add-gnu-debuglink=inline_chain.debug inline_chain");
    report = run_fixture(program);
  }
  Location chain(Symbolizer& symbolizer) const {
    return symbolizer.resolve(report.addresses.at("chain").address, 0, true);
  }
};

std::string place_by_build_id(const std::string& root, const std::string& id) {
  return root + "/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
}

}  // namespace

TEST_CASE("a stripped program is read with the debug file in the sysroot's build-id directory") {
  Split split("-Wl,--build-id=sha1");
  split.strip();
  const std::string root = split.directory / "root";
  write_file(root + split.program, read_file(split.program));
  write_file(place_by_build_id(root, build_id_of(split.program)), read_file(split.debug));
  Options options;
  options.sysroot = root;
  Symbolizer symbolizer(split.report.modules, options);
  const Location at = split.chain(symbolizer);
  REQUIRE(at.frames.size() == 3);
  CHECK(at.frames[2].function == "shop::serve(int)");
  CHECK(at.frames[2].line == split.report.addresses.at("chain").lines[2]);
  CHECK(symbolizer.notes().empty());
}

TEST_CASE("symbolic links in a sysroot stay inside it") {
  Split split("-Wl,--build-id=sha1");
  split.strip();
  const std::string root = split.directory / "root";
  write_file(root + "/opt/real", read_file(split.program));
  write_file(root + "/opt/real.debug", read_file(split.debug));
  const std::string link = place_by_build_id(root, build_id_of(split.program));
  std::filesystem::create_directories(std::filesystem::path(link).parent_path());
  std::filesystem::create_symlink("/opt/real.debug", link);  // absolute, as seen in the sysroot
  Module module = split.report.modules[0];
  module.path = "/opt/real";
  Options options;
  options.sysroot = root;
  Symbolizer symbolizer({module}, options);
  CHECK(split.chain(symbolizer).frames.size() == 3);
}

TEST_CASE("a debug file in the build-id directory of another build is not used") {
  Split split("-Wl,--build-id=sha1"), other("-Wl,--build-id=sha1 -DOTHER=1 -O1");
  split.strip();
  const std::string root = split.directory / "root";
  write_file(root + split.program, read_file(split.program));
  write_file(place_by_build_id(root, build_id_of(split.program)), read_file(other.debug));
  REQUIRE(build_id_of(other.debug) != build_id_of(split.program));
  Options options;
  options.sysroot = root;
  Symbolizer symbolizer(split.report.modules, options);
  CHECK(split.chain(symbolizer).frames.empty());
  CHECK(symbolizer.notes().size() == 1);
}

TEST_CASE("a debug file serves a module whose own file is gone, by build-id") {
  Split split("-Wl,--build-id=sha1");
  split.strip();
  const std::string root = split.directory / "root";
  write_file(place_by_build_id(root, build_id_of(split.program)), read_file(split.debug));
  std::filesystem::remove(split.program);
  Options options;
  options.sysroot = root;
  Symbolizer symbolizer(split.report.modules, options);
  CHECK(split.chain(symbolizer).frames.size() == 3);
}

TEST_CASE("a debug link is followed beside the program, in .debug and in the debug directory") {
  for (const std::string place : {"beside", ".debug", "debug directory"}) {
    CAPTURE(place);
    Split split("-Wl,--build-id=none");
    split.strip_and_link();
    Options options;
    options.debug_dirs = {split.directory / "debugs"};
    const std::string bytes = read_file(split.debug);
    if (place != "beside") std::filesystem::remove(split.debug);
    if (place == ".debug") write_file(split.directory / ".debug/inline_chain.debug", bytes);
    if (place == "debug directory") write_file(options.debug_dirs[0] + split.debug, bytes);
    Symbolizer symbolizer(split.report.modules, options);
    CHECK(split.chain(symbolizer).frames.size() == 3);
    CHECK(symbolizer.notes().empty());
  }
}

TEST_CASE("a linked debug file with another checksum is refused with a note") {
  Split split("-Wl,--build-id=none");
  split.strip_and_link();
  write_file(split.debug, read_file(split.debug) + "x");
  Symbolizer symbolizer(split.report.modules);
  CHECK(split.chain(symbolizer).frames.empty());
  REQUIRE(symbolizer.notes().size() == 2);
  CHECK(symbolizer.notes()[0].find("checksum differs") != std::string::npos);
  CHECK(symbolizer.notes()[1].find("stripped, no debug file") != std::string::npos);
}

TEST_CASE("debuginfod is asked only when told to, and says when it has no server") {
  Split split("-Wl,--build-id=sha1");
  split.strip();
  REQUIRE(unsetenv("DEBUGINFOD_URLS") == 0);
  Symbolizer quiet(split.report.modules);
  CHECK(split.chain(quiet).frames.empty());
  CHECK(quiet.notes().size() == 1);
  Options options;
  options.debuginfod = true;
  Symbolizer asking(split.report.modules, options);
  CHECK(split.chain(asking).frames.empty());
  REQUIRE(asking.notes().size() == 2);
  CHECK(asking.notes()[0].find("debuginfod") == 0);
}

TEST_CASE("a module is found through a process's root directory") {
  Split split("-Wl,--build-id=sha1");
  split.report = run_fixture(split.program);
  Options options;
  options.sysroot = "/proc/self/root/";
  Symbolizer symbolizer(split.report.modules, options);
  CHECK(split.chain(symbolizer).frames.size() == 3);
  CHECK(symbolizer.notes().empty());
}

TEST_CASE("debug information shared through a dwz supplement is read, and its absence survived") {
  if (!have("dwz")) {
    MESSAGE("dwz is not installed: not tried");
    return;
  }
  Split split("-gdwarf-5"), other("-gdwarf-5 -O1");
  const std::string common = split.directory / "common.debug";
  shell("dwz -m " + common + " -M " + common + " " + split.program + " " + other.program);
  REQUIRE(std::filesystem::exists(common));
  split.report = run_fixture(split.program);
  {
    Symbolizer symbolizer(split.report.modules);
    const Location at = split.chain(symbolizer);
    REQUIRE(at.frames.size() == 3);
    CHECK(at.frames[0].function == "shop::Till<int>::ring(int)");
    CHECK(symbolizer.notes().empty());
  }
  std::filesystem::remove(common);
  Symbolizer symbolizer(split.report.modules);
  const Location at = split.chain(symbolizer);
  REQUIRE_FALSE(at.frames.empty());
  CHECK(at.frames.back().function == "shop::serve(int)");
  REQUIRE(symbolizer.notes().size() == 1);
  CHECK(symbolizer.notes()[0].find("supplement") != std::string::npos);
}
