#include <doctest/doctest.h>

#include "cli/serve/gperftools.h"

namespace track::serve {
namespace {

std::string name_of(uint64_t address) {
  return address == 0xa ? "ten\nlines" : address == 0xb ? "eleven" : "";
}

TEST_CASE("addresses by their names, as pprof asks for them") {
  CHECK(symbol_reply("", name_of) == "num_symbols: 1\n");
  CHECK(symbol_reply("0xa+0xb+0xc", name_of) == "num_symbols: 1\n0xa\tten lines\n0xb\televen\n");
  CHECK(symbol_reply("b\n", name_of) == "num_symbols: 1\n0xb\televen\n");
  CHECK(symbol_reply("0xa+evil+0x+ffffffffffffffffff+0xb", name_of) ==
        "num_symbols: 1\n0xa\tten lines\n0xb\televen\n");
}

TEST_CASE("CPU samples as gperftools writes them") {
  Profile profile;
  profile.period = 10'000'000;
  profile.locations.resize(3);
  profile.locations[0].address = 0x1111;
  profile.locations[2].address = 0x2222;
  profile.samples.push_back({{0, 1, 2}, {}, {7, 70}});
  profile.samples.push_back({{1}, {}, {1, 10}});  // a mark, no code
  profile.modules.push_back({});
  profile.modules[0].path = "/bin/it";
  profile.modules[0].start = 0x1000;
  profile.modules[0].end = 0x3000;
  const std::string bytes = gperftools_cpu(profile);
  const std::vector<uint64_t> expected{0, 3, 0, 10'000, 0, 7, 2, 0x1111, 0x2222, 0, 1, 0};
  REQUIRE(bytes.size() > expected.size() * 8);
  for (size_t i = 0; i < expected.size(); ++i) {
    uint64_t word = 0;
    for (size_t k = 0; k < 8; ++k)
      word |= uint64_t{static_cast<unsigned char>(bytes[i * 8 + k])} << (8 * k);
    CHECK(word == expected[i]);
  }
  CHECK(bytes.substr(expected.size() * 8) == "1000-3000 r-xp 00000000 00:00 0 /bin/it\n");
}

}  // namespace
}  // namespace track::serve
