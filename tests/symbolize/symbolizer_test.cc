#include "cli/symbolize/symbolizer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

TEST_CASE("an address in no module has no frames and says so") {
  Symbolizer symbolizer({});
  const Location location = symbolizer.resolve(0x1234, 0, true);
  CHECK(location.address == 0x1234);
  CHECK(location.module == -1);
  CHECK(location.frames.empty());
  CHECK_FALSE(symbolizer.symbol_at(0x1234));
  CHECK(symbolizer.resolve(0, 0, true).module == -1);
}

TEST_CASE("the module that was loaded in the stack's generation answers") {
  Module old_plugin, new_plugin;
  old_plugin.path = "/gone/old.so";
  new_plugin.path = "/gone/new.so";
  old_plugin.start = new_plugin.start = old_plugin.base = new_plugin.base = 0x1000;
  old_plugin.end = new_plugin.end = 0x2000;
  old_plugin.loaded = 1;
  old_plugin.unloaded = new_plugin.loaded = 3;
  Symbolizer symbolizer({old_plugin, new_plugin});
  CHECK(symbolizer.resolve(0x1800, 1, true).module == 0);
  CHECK(symbolizer.resolve(0x1800, 2, true).module == 0);
  CHECK(symbolizer.resolve(0x1800, 3, true).module == 1);
  CHECK(symbolizer.resolve(0x1800, 0, true).module == 1);
  CHECK(symbolizer.resolve(0x1800, 0, true).offset == 0x800);
}

TEST_CASE("a return address belongs to the call before it, an address to itself") {
  Module first, second;
  first.path = "/gone/a";
  second.path = "/gone/b";
  first.start = 0x1000;
  first.end = second.start = 0x2000;
  second.end = 0x3000;
  Symbolizer symbolizer({first, second});
  CHECK(symbolizer.resolve(0x2000, 0, true).module == 0);
  CHECK(symbolizer.resolve(0x2000, 0, false).module == 1);
}

TEST_CASE("a batch answers in the order asked, as one by one") {
  TempDirectory directory;
  const std::string program = directory / "inline_chain";
  compile("g++ -std=c++20 -O2 -g", "inline_chain.cc", program);
  const Report report = run_fixture(program);
  std::vector<uint64_t> addresses = {
      report.addresses.at("c").address, 0, report.addresses.at("chain").address,
      report.addresses.at("lambda").address, report.addresses.at("c").address};
  Symbolizer batch(report.modules), single(report.modules);
  const std::vector<Location> locations = batch.resolve_all(addresses);
  REQUIRE(locations.size() == addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    CAPTURE(i);
    const Location alone = single.resolve(addresses[i], 0, true);
    CHECK(locations[i].address == addresses[i]);
    CHECK(locations[i].module == alone.module);
    REQUIRE(locations[i].frames.size() == alone.frames.size());
    for (size_t f = 0; f < alone.frames.size(); ++f) {
      CHECK(locations[i].frames[f].function == alone.frames[f].function);
      CHECK(locations[i].frames[f].line == alone.frames[f].line);
    }
  }
  CHECK(locations[2].frames.size() == 3);
}

TEST_CASE("a shared object's functions, aliases and globals are named") {
  TempDirectory directory;
  compile("g++ -O2 -g -shared -fPIC", "library.cc", directory / "liblibrary.so");
  compile("g++ -O2 -g", "library_user.cc", directory / "user",
          "-L" + directory.path().string() + " -llibrary -Wl,-rpath," + directory.path().string());
  const Report report = run_fixture(directory / "user");
  Symbolizer symbolizer(report.modules);

  const uint64_t entry = report.addresses.at("entry").address;
  const Location at = symbolizer.resolve(entry + 1, 0, true);
  REQUIRE(at.frames.size() == 1);
  CHECK(at.frames[0].function == "library_entry");  // as callers write it, not __library_entry
  REQUIRE(at.module >= 0);
  CHECK(report.modules[static_cast<size_t>(at.module)].path.ends_with("/liblibrary.so"));

  CHECK(symbolizer.symbol_at(entry + 1) == "library_entry");
  CHECK(symbolizer.symbol_starting_at(entry) == "library_entry");
  CHECK_FALSE(symbolizer.symbol_starting_at(entry + 1));
  CHECK(symbolizer.symbol_at(report.addresses.at("global").address + 3) == "library_counter");
  CHECK(symbolizer.symbol_starting_at(report.addresses.at("hidden_entry").address) ==
        "hidden_part");
}

TEST_CASE("a coroutine's functions are recognized and its body carries the ramp's name") {
  int tried = 0;
  for (const std::string compiler : {"g++ -fcoroutines", "clang++-16"}) {
    if (!have(compiler.substr(0, compiler.find(' ')))) continue;
    for (const std::string level : {"-O0", "-O2"}) {
      CAPTURE(compiler);
      CAPTURE(level);
      ++tried;
      TempDirectory directory;
      const std::string program = directory / "coroutine";
      compile(compiler + " -std=c++20 -g " + level, "coroutine.cc", program);
      const Report report = run_fixture(program);
      Symbolizer symbolizer(report.modules);

      const auto resume = symbolizer.symbol_starting_at(report.addresses.at("resume").address);
      REQUIRE(resume);
      REQUIRE(coroutine_symbol(*resume));
      CHECK(coroutine_symbol(*resume)->role == CoroutineSymbol::resume);
      CHECK(coroutine_symbol(*resume)->ramp == "app::top(int)");
      const auto destroy = symbolizer.symbol_starting_at(report.addresses.at("destroy").address);
      REQUIRE(destroy);
      REQUIRE(coroutine_symbol(*destroy));
      CHECK(coroutine_symbol(*destroy)->role == CoroutineSymbol::destroy);

      const Reported& body = report.addresses.at("body");
      const Location at = symbolizer.resolve(body.address, 0, true);
      REQUIRE_FALSE(at.frames.empty());
      CHECK(at.frames[0].function == "app::top(int)");
      CHECK(at.frames[0].line == body.lines[0]);
    }
  }
  CHECK(tried > 0);
}
