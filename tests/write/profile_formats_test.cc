#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/model/error.h"
#include "cli/write/folded.h"
#include "cli/write/legacy_profile.h"
#include "cli/write/profile_text.h"
#include "cli/write/speedscope.h"
#include "tests/support/sample_profile.h"

using namespace track;

TEST_CASE("folded stacks: root first, one line a stack, the value of choice") {
  const Profile profile = test::sample_profile();
  CHECK(write::folded_profile(profile, 1) ==
        "main;Pool::grow;(created by);session:55 96\n"
        "main;Pool::grow;0x7000 512\n"
        "main;Pool::grow;x_run;libx.so+0x10 2048\n");
  CHECK(write::folded_profile(profile, 0).find("libx.so+0x10 2\n") != std::string::npos);
}

TEST_CASE("what ends a name in folded stacks is no part of one") {
  Profile profile = test::sample_profile();
  profile.locations[0].frames[1].function = "a;b\nc";
  CHECK(write::folded_profile(profile, 1).find("a:b c;Pool::grow;0x7000 512\n") !=
        std::string::npos);
}

TEST_CASE("speedscope: a sampled profile a value, whose weights add up to its end") {
  const auto file = nlohmann::json::parse(write::speedscope_profile(test::sample_profile()));
  CHECK(file["$schema"] == "https://www.speedscope.app/file-format-schema.json");
  CHECK(file["activeProfileIndex"] == 1);
  REQUIRE(file["profiles"].size() == 2);
  CHECK(file["profiles"][0]["unit"] == "none");
  CHECK(file["profiles"][1]["unit"] == "bytes");
  const auto& frames = file["shared"]["frames"];
  for (const auto& profile : file["profiles"]) {
    CHECK(profile["type"] == "sampled");
    REQUIRE(profile["samples"].size() == profile["weights"].size());
    int64_t sum = 0;
    for (const auto& weight : profile["weights"]) sum += weight.get<int64_t>();
    CHECK(profile["endValue"] == sum);
    for (const auto& sample : profile["samples"])
      for (const auto& frame : sample) CHECK(frame.get<size_t>() < frames.size());
    CHECK(frames[profile["samples"][0][0].get<size_t>()]["name"] == "main");
  }
}

TEST_CASE("speedscope: a difference is what became more and what became less") {
  Profile profile = test::sample_profile();
  profile.samples[0].values[1] = -10;
  const auto file = nlohmann::json::parse(write::speedscope_profile(profile));
  REQUIRE(file["profiles"].size() == 3);
  CHECK(file["profiles"][1]["name"] == "inuse_space (more)");
  CHECK(file["profiles"][1]["endValue"] == 512 + 96);
  CHECK(file["profiles"][2]["name"] == "inuse_space (less)");
  CHECK(file["profiles"][2]["endValue"] == 10);
}

TEST_CASE("text: the functions with the most first, then the tree of callers") {
  write::TextOptions options;
  CHECK(write::text_profile(test::sample_profile(), {1, 30, false}, options) ==
        R"(heap of server: inuse_space
taken 2023-11-14 22:13:20 UTC, over 5.0 s
2.6 KiB in 3 samples

      flat  flat%   sum%        cum   cum%  function
   2.0 KiB  77.1%  77.1%    2.0 KiB  77.1%  libx.so+0x10
     512 B  19.3%  96.4%      512 B  19.3%  0x7000
      96 B  3.61%   100%       96 B  3.61%  session sess.cc:55
       0 B  0.00%   100%    2.6 KiB   100%  Pool::grow Pool.cc
       0 B  0.00%   100%    2.6 KiB   100%  main main.cc
       0 B  0.00%   100%    2.0 KiB  77.1%  x_run x_ru.cc
       0 B  0.00%   100%       96 B  3.61%  (created by)

call tree, callers first:
   2.6 KiB   100%  main main.cc
   2.6 KiB   100%    Pool::grow Pool.cc
   2.0 KiB  77.1%      x_run x_ru.cc
   2.0 KiB  77.1%      libx.so+0x10
     512 B  19.3%      0x7000
      96 B  3.61%      (created by)
      96 B  3.61%      session sess.cc:55

lost: 3 stacks
)");
}

TEST_CASE("memory is charged to who wanted it, not to the library that asked malloc") {
  Profile profile = test::sample_profile();
  profile.locations[0].frames[0].function = "std::__new_allocator<int>::allocate(unsigned long)";
  profile.samples = {{{0}, {}, {1, 10}}};
  CHECK(write::folded_profile(profile, 1) == "main 10\n");
  profile.value_types[1] = {"delay", "nanoseconds"};
  CHECK(write::folded_profile(profile, 1) == "main;std::__new_allocator::allocate 10\n");
}

TEST_CASE("text: a run of libraries' functions is one line of the tree") {
  Profile profile = test::sample_profile();
  std::vector<Frame>& frames = profile.locations[0].frames;
  frames.insert(frames.begin() + 1, 5, test::frame("asio::run", "", 1, true));
  for (size_t i = 1; i <= 5; ++i) frames[i].function += std::to_string(i);
  profile.samples = {{{0}, {}, {1, 10}}};
  const std::string text = write::text_profile(profile, {1, 30, false}, {});
  CHECK(text.find("main main.cc\n      10 B   100%    (5 functions of libraries)\n"
                  "      10 B   100%    Pool::grow Pool.cc\n") != std::string::npos);
  CHECK(text.find("       ... 5 functions more\n") != std::string::npos);
}

TEST_CASE("text: a difference has signs, and says how much changed in all") {
  Profile profile = test::sample_profile();
  profile.samples[0].values[1] = -2048;
  const std::string text = write::text_profile(profile, {1, 30, true}, {});
  CHECK(text.find("-1.4 KiB in 3 samples, 2.6 KiB of change\n") != std::string::npos);
  CHECK(text.find("  -2.0 KiB  77.1%") != std::string::npos);
  CHECK(text.find("    +512 B  19.3%") != std::string::npos);
}

TEST_CASE("text: a function that calls itself counts once") {
  Profile profile = test::sample_profile();
  profile.samples = {{{0, 0, 0}, {}, {1, 10}}};
  const std::string text = write::text_profile(profile, {1, 30, false}, {});
  CHECK(text.find("       0 B  0.00%   100%       10 B   100%  main main.cc\n") !=
        std::string::npos);
}

TEST_CASE("text: no line is wider than asked for, however deep and long the names") {
  Profile profile = test::sample_profile();
  profile.locations[0].frames[0].function = std::string(300, 'x');
  profile.comments.clear();
  const std::string text = write::text_profile(profile, {1, 30, false}, {});
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    CHECK(text.find('\n', at) - at <= 80);
}

TEST_CASE("text: nothing there is said") {
  Profile profile = test::sample_profile();
  profile.samples.clear();
  CHECK(write::text_profile(profile, {1, 30, false}, {}).find("nothing: no sample\n") !=
        std::string::npos);
  CHECK(write::text_profile(profile, {1, 30, true}, {}).find("no difference\n") !=
        std::string::npos);
}

TEST_CASE("legacy: the count form, with the memory map") {
  Profile profile = test::sample_profile();
  profile.value_types = {{"tasks", "count"}};
  profile.shown = 0;
  for (ProfileSample& sample : profile.samples) sample.values.pop_back();
  const std::string text = write::legacy_profile(profile);
  CHECK(text.find(
            "tasks profile: total 6\n2 @ 0x800010 0x800020 0x400101\n# label kind: thread\n") == 0);
  CHECK(text.find("\n400000-500000 r-xp 00000000 00:00 0 /bin/server\n") != std::string::npos);
}

TEST_CASE("legacy: the heap form, whose values no reader is to scale") {
  Profile profile = test::sample_profile();
  profile.period = 524'288;
  profile.value_types = {{"alloc_objects", "count"},
                         {"alloc_space", "bytes"},
                         {"inuse_objects", "count"},
                         {"inuse_space", "bytes"}};
  for (ProfileSample& sample : profile.samples)
    sample.values.insert(sample.values.begin(), {7, 9000});
  CHECK(write::legacy_profile(profile).find("heap profile: 6: 2656 [21: 27000] @ heap_v2/1\n"
                                            "2: 2048 [7: 9000] @ 0x800010") == 0);
}

TEST_CASE("legacy: contention, and what has no such form") {
  Profile profile = test::sample_profile();
  profile.value_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  CHECK(write::legacy_profile(profile).find(
            "--- contention:\ncycles/second=1000000000\n2048 2 @ 0x800010") == 0);
  profile.value_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  CHECK_THROWS_AS(write::legacy_profile(profile), Error);
  profile.value_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile.samples[0].values[0] = -1;
  CHECK_THROWS_AS(write::legacy_profile(profile), Error);
}
