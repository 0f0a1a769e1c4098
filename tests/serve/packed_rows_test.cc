#include "cli/serve/packed_rows.h"

#include <doctest/doctest.h>

namespace track::serve {
namespace {

// 10 000 threads with 60 frames of long names each, at two places: two stacks of 60 addresses.
struct Deep {
  Trace trace;
  Symbols symbols;
  LiveStacks stacks;
  std::vector<uint64_t> numbers;

  explicit Deep(size_t places) {
    trace.pid = 1;
    trace.stacks.resize(places + 1);
    for (size_t place = 1; place <= places; ++place)
      for (uint64_t depth = 0; depth < 60; ++depth) {
        const uint64_t address = 0x1000 * place + depth;
        trace.stacks[place].addresses.push_back(address);
        Location location;
        location.address = address;
        location.frames.resize(1);
        location.frames[0].function = std::string(500, 'f') + std::to_string(address);
        location.frames[0].file = "deep.h";
        location.frames[0].line = 1;
        symbols.code.emplace(CodeKey{address, 0}, location);
      }
  }

  void look() {
    stacks.begin({});
    numbers.clear();
    for (StackIndex i = 0; i < trace.stacks.size(); ++i)
      numbers.push_back(stacks.number(trace, symbols, i));
    stacks.end();
  }
};

Json row(uint64_t id, uint64_t at) {
  return {{"id", id},
          {"kind", "thread"},
          {"count", 1},
          {"name", "worker"},
          {"tid", 4000 + id},
          {"main", false},
          {"state", "blocked"},
          {"age_ns", 123456789012 + id},
          {"since_ns", 123456789 + id},
          {"creator", 1},
          {"bytes", 0},
          {"wait_object", {{"kind", "mutex"}, {"address", "0x7f0000001000"}, {"symbol", nullptr}}},
          {"sched", {{"cpu_ns", 5000000 + id}, {"queue_ns", 7000000}, {"slices", 12}}},
          {"at", at},
          {"created_at", at}};
}

TEST_CASE("tens of thousands of tasks with deep stacks have room in one event") {
  Deep deep(2);
  deep.look();
  PackedRows packed(deep.stacks);
  for (uint64_t i = 0; i < 30000; ++i)
    REQUIRE(packed.add(row(i, deep.numbers[1 + i % 2]), 4 << 20));
  const std::string text = packed.take();
  CHECK(text.size() < (4 << 20));
  const Json json = Json::parse(text);
  CHECK(json["rows"].size() == 30000);
  CHECK(json["alike"].size() == 2);
  CHECK(json["stacks"].size() == 2);
  CHECK(json["stacks"][0].size() == 60);
  CHECK(json["frames"].size() == 120);
}

TEST_CASE("nothing of a row is lost, and what it has not stays away") {
  Deep deep(1);
  deep.look();
  PackedRows packed(deep.stacks);
  packed.add(row(7, deep.numbers[1]), 1 << 20);
  packed.add({{"id", 8},
              {"kind", "fiber"},
              {"tid", 0},
              {"age_ns", 5},
              {"since_ns", 0},
              {"at", 0},
              {"created_at", 0}},
             1 << 20);
  const Json json = Json::parse(packed.take());
  CHECK(json["rows"][0].dump() ==
        R"([0,7,4007,123456789019,123456796,"0x7f0000001000",5000007,7000000,12])");
  CHECK(json["rows"][1].dump() == "[1,8,0,5]");
  CHECK(json["alike"][0]["wait_object"].dump() == R"({"kind":"mutex","symbol":null})");
  CHECK(json["alike"][0]["name"] == "worker");
  CHECK(!json["alike"][0].contains("sched"));
  CHECK(json["stacks"][json["alike"][0]["at"].get<size_t>()].size() == 60);
  CHECK(json["stacks"][json["alike"][1]["at"].get<size_t>()].empty());
}

TEST_CASE("a stack keeps its number while a task is there, and is forgotten then") {
  Deep deep(3);
  deep.look();
  const auto before = deep.numbers;
  CHECK(before[0] == 0);
  deep.look();
  CHECK(deep.numbers == before);
  CHECK(deep.stacks.size() == 3);
  deep.trace.stacks.pop_back();
  deep.look();
  CHECK(deep.stacks.size() == 2);
  CHECK(deep.stacks.frames(before[3]).empty());
  // Other modules: what was said of addresses says nothing of them.
  Module module;
  module.path = "/lib/other.so";
  deep.stacks.begin({module});
  CHECK(deep.stacks.number(deep.trace, deep.symbols, 1) > before[3]);
}

}  // namespace
}  // namespace track::serve
