// Damaged and hostile files: fewer names, a note at most, never a crash or a hang.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "cli/symbolize/symbolizer.h"
#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

namespace {

// The module, put in place of the reported one, asked for every 16th address of its code.
size_t frames_from(const std::string& path, const Module& like) {
  Module module = like;
  module.path = path;
  module.build_id = "";  // let the damage through
  Symbolizer symbolizer({module});
  std::vector<uint64_t> addresses;
  for (uint64_t at = module.start; at < module.end; at += 16) addresses.push_back(at);
  size_t frames = 0;
  for (const Location& location : symbolizer.resolve_all(addresses, 0, false)) {
    frames += location.frames.size();
    symbolizer.symbol_at(location.address);
    symbolizer.symbol_starting_at(location.address);
  }
  return frames;
}

struct Original {
  TempDirectory directory;
  std::string program = directory / "inline_chain";
  Module module;
  std::string bytes;

  explicit Original(const std::string& compiler_and_flags) {
    compile(compiler_and_flags, "inline_chain.cc", program);
    module = run_fixture(program).modules.at(0);
    bytes = read_file(program);
  }
};

}  // namespace

TEST_CASE("a file cut off anywhere is survived") {
  Original original("g++ -std=c++20 -O2 -g");
  const std::string cut = original.directory / "cut";
  REQUIRE(frames_from(original.program, original.module) > 10);
  for (size_t part = 0; part < 64; ++part) {
    write_file(cut, original.bytes.substr(0, original.bytes.size() * part / 64));
    CHECK(frames_from(cut, original.module) <= frames_from(original.program, original.module));
  }
}

TEST_CASE("random bytes under an ELF header are survived") {
  Original original("g++ -std=c++20 -O2 -g");
  std::mt19937 random(1);
  const std::string noise = original.directory / "noise";
  for (int round = 0; round < 50; ++round) {
    std::string bytes = original.bytes.substr(0, 64);
    while (bytes.size() < 20000) bytes += static_cast<char>(random());
    write_file(noise, bytes);
    CHECK(frames_from(noise, original.module) == 0);
  }
}

TEST_CASE("flipped bytes anywhere are survived") {
  size_t total = 0;
  for (const std::string flags :
       {"g++ -std=c++20 -O2 -g -gdwarf-5", "g++ -std=c++20 -O2 -g -gdwarf-4",
        "clang++-14 -std=c++20 -O2 -g -gdwarf-5"}) {
    if (!have(flags.substr(0, flags.find(' ')))) continue;
    CAPTURE(flags);
    Original original(flags);
    std::mt19937 random(7);
    const std::string flipped = original.directory / "flipped";
    for (int round = 0; round < 150; ++round) {
      CAPTURE(round);
      std::string bytes = original.bytes;
      const size_t flips = 1 + random() % 64;
      for (size_t i = 0; i < flips; ++i) {
        bytes[64 + random() % (bytes.size() - 64)] = static_cast<char>(random());
      }
      write_file(flipped, bytes);
      total += frames_from(flipped, original.module);
    }
  }
  CHECK(total > 0);  // most survive with most names: the test asked real questions
}
