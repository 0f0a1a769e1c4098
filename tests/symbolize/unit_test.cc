// Lines and inlined frames, against what the fixtures know of themselves through __LINE__.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/symbolize/symbolizer.h"
#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

namespace {

struct Expected {
  std::string function;
  bool inlined;
};

void check_frames(const Location& location, const Reported& reported, const std::string& file,
                  const std::vector<Expected>& expected) {
  REQUIRE(location.frames.size() == expected.size());
  REQUIRE(reported.lines.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const Frame& frame = location.frames[i];
    CAPTURE(i);
    CHECK(frame.function == expected[i].function);
    CHECK(frame.inlined == expected[i].inlined);
    CHECK(frame.line == reported.lines[i]);
    CHECK(frame.file.ends_with("/" + file));
  }
}

const std::vector<std::string> kCompilers = {"g++", "clang++-14", "clang++-16"};

}  // namespace

TEST_CASE("inlined callers, templates, lambdas and C names come with their lines") {
  int tried = 0;
  for (const std::string& compiler : kCompilers) {
    if (!have(compiler)) continue;
    for (const std::string flags : {"-O0 -g -gdwarf-4", "-O0 -g -gdwarf-5", "-O2 -g -gdwarf-4",
                                    "-O2 -g -gdwarf-5", "-O2 -g -gz", "-O2 -g -no-pie", "-O2 -g1",
                                    "-O2 -g -ffunction-sections -Wl,--gc-sections"}) {
      CAPTURE(compiler);
      CAPTURE(flags);
      ++tried;
      TempDirectory directory;
      const std::string program = directory / "inline_chain";
      compile(compiler + " -std=c++20 " + flags, "inline_chain.cc", program);
      const Report report = run_fixture(program);
      Symbolizer symbolizer(report.modules);

      const Reported& chain = report.addresses.at("chain");
      const Location at = symbolizer.resolve(chain.address, 0, true);
      REQUIRE(at.frames.size() == 3);
      // Line tables only (-g1): an inlined function may be known by its bare name.
      const bool bare = flags.find("-g1") != std::string::npos;
      const std::string ring = bare ? at.frames[0].function : "shop::Till<int>::ring(int)";
      const std::string sell = at.frames[1].function;
      CHECK(ring.find("ring") != std::string::npos);
      CHECK(sell.find("sell") != std::string::npos);
      if (!bare) CHECK(sell.starts_with("shop::(anonymous namespace)::sell"));
      check_frames(at, chain, "inline_chain.cc",
                   {{ring, true}, {sell, true}, {"shop::serve(int)", false}});

      const Reported& lambda = report.addresses.at("lambda");
      const Location in_lambda = symbolizer.resolve(lambda.address, 0, true);
      REQUIRE(in_lambda.frames.size() == 1);
      CHECK(in_lambda.frames[0].line == lambda.lines[0]);
      CHECK(in_lambda.frames[0].function.find("shop::Counter::open(int)::") == 0);
      CHECK(in_lambda.frames[0].function.find("operator()") != std::string::npos);

      check_frames(symbolizer.resolve(report.addresses.at("c").address, 0, true),
                   report.addresses.at("c"), "inline_chain.cc", {{"plain_c_name", false}});
      CHECK(symbolizer.notes().empty());
    }
  }
  CHECK(tried > 0);
}

TEST_CASE("C functions have no linkage name and no scope") {
  for (const std::string compiler : {"gcc", "clang-14", "clang-16"}) {
    if (!have(compiler)) continue;
    CAPTURE(compiler);
    TempDirectory directory;
    const std::string program = directory / "plain";
    compile(compiler + " -O2 -g", "plain.c", program);
    const Report report = run_fixture(program);
    Symbolizer symbolizer(report.modules);
    const Reported& plain = report.addresses.at("plain");
    const Location at = symbolizer.resolve(plain.address, 0, true);
    check_frames(at, plain, "plain.c", {{"inner", true}, {"outer", false}});
    for (const Frame& frame : at.frames) CHECK(frame.linkage_name == "");
  }
}

TEST_CASE("split DWARF is read while its .dwo is there, and degrades with a note when not") {
  for (const std::string compiler : {"g++", "clang++-16"}) {
    if (!have(compiler)) continue;
    for (const std::string version : {"-gdwarf-4", "-gdwarf-5"}) {
      CAPTURE(compiler);
      CAPTURE(version);
      TempDirectory directory;
      const std::string program = directory / "inline_chain";
      const std::string object = directory / "inline_chain.o";
      shell("cd " + directory.path().string() + " && " + compiler + " -std=c++20 -O2 -g " +
            version + " -gsplit-dwarf -c -o inline_chain.o " TRACK_FIXTURES "/inline_chain.cc && " +
            compiler + " -o inline_chain inline_chain.o");
      const Report report = run_fixture(program);
      const Reported& chain = report.addresses.at("chain");
      {
        Symbolizer symbolizer(report.modules);
        const Location at = symbolizer.resolve(chain.address, 0, true);
        REQUIRE(at.frames.size() == 3);
        for (size_t i = 0; i < 3; ++i) CHECK(at.frames[i].line == chain.lines[i]);
        CHECK(at.frames[1].file.ends_with("/inline_chain.cc"));
        CHECK(symbolizer.notes().empty());
      }
      std::filesystem::remove(directory / "inline_chain.dwo");
      Symbolizer symbolizer(report.modules);
      const Location at = symbolizer.resolve(chain.address, 0, true);
      REQUIRE(at.frames.size() == 1);
      CHECK(at.frames[0].function == "shop::serve(int)");
      CHECK(at.frames[0].line == chain.lines[0]);
      REQUIRE(symbolizer.notes().size() == 1);
      CHECK(symbolizer.notes()[0].find(".dwo") != std::string::npos);
    }
  }
}
