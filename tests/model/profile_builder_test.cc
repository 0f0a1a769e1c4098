#include "cli/model/profile_builder.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;
using test::TraceBuilder;

namespace {

std::vector<std::string> names(const Profile& profile, const ProfileSample& sample) {
  std::vector<std::string> result;
  for (const uint32_t location : sample.stack)
    for (const Frame& frame : profile.locations[location].frames) result.push_back(frame.function);
  return result;
}

ProfileBuilder builder_for(const TraceBuilder& t) {
  ProfileBuilder builder(t.trace, t.symbols, "tasks");
  builder.profile().value_types = {{"tasks", "count"}};
  return builder;
}

}  // namespace

TEST_CASE("a stack's locations are leaf first and occur once in the profile") {
  TraceBuilder t;
  const StackIndex at = t.stack({"lock@4", "work@7"});
  ProfileBuilder builder = builder_for(t);
  const auto stack = builder.stack(at);
  REQUIRE(stack.size() == 2);
  CHECK(builder.stack(at) == stack);
  builder.add(stack, {}, {1});
  const Profile profile = builder.finish();
  CHECK(profile.locations.size() == 2);
  CHECK(names(profile, profile.samples.at(0)) == std::vector<std::string>{"lock", "work"});
  CHECK(profile.locations[0].module == 0);
  CHECK(profile.locations[0].frames[0].line == 4);
}

TEST_CASE("samples of one stack with the same labels are one, whatever the labels' order") {
  TraceBuilder t;
  const auto a = text_label("kind", "thread"), b = text_label("state", "mutex");
  ProfileBuilder builder = builder_for(t);
  const auto stack = builder.stack(t.stack({"work@7"}));
  builder.add(stack, {a, b}, {1});
  builder.add(stack, {b, a}, {2});
  builder.add(stack, {a}, {10});
  const Profile profile = builder.finish();
  REQUIRE(profile.samples.size() == 2);
  CHECK(profile.samples[0].values == std::vector<int64_t>{10});
  CHECK(profile.samples[1].values == std::vector<int64_t>{3});
}

TEST_CASE("where a task is and who created it are one stack with a mark between them") {
  TraceBuilder t;
  ProfileBuilder builder = builder_for(t);
  const auto where = builder.stack(t.stack({"lock@4"})),
             created = builder.stack(t.stack({"main@9"}));
  builder.add(builder.joined(where, created), {}, {3});
  builder.add(builder.joined({}, created), {}, {2});
  builder.add(builder.joined({}, {}), {}, {1});
  const Profile profile = builder.finish();
  using Names = std::vector<std::string>;
  CHECK(names(profile, profile.samples.at(0)) == Names{"lock", "(created by)", "main"});
  CHECK(names(profile, profile.samples.at(1)) == Names{"(unknown)", "(created by)", "main"});
  CHECK(names(profile, profile.samples.at(2)) == Names{"(unknown)"});
  CHECK(profile.locations[profile.samples[2].stack[0]].address == 0);
}

TEST_CASE("the program is the first module, though another one is used first") {
  TraceBuilder t;
  t.trace.modules.insert(t.trace.modules.begin(),
                         {"/lib/libx.so", "cd", 0x800000, 0x800000, 0x900000, 0, 0});
  const StackIndex at = t.stack({"x"});
  t.symbols.code.clear();
  t.trace.stacks[at].addresses = {0x800123};
  ProfileBuilder builder = builder_for(t);
  builder.add(builder.stack(at), {}, {1});
  const Profile profile = builder.finish();
  REQUIRE(profile.modules.size() == 2);
  CHECK(profile.modules[0].path == "/bin/server");
  // Code without a name is known by its module and offset.
  REQUIRE(profile.locations.size() == 1);
  CHECK(profile.locations[0].module == 1);
  CHECK(profile.locations[0].offset == 0x123);
}

TEST_CASE("the tracker's own frames are in no profile, and a truncated stack says so") {
  TraceBuilder t;
  t.trace.modules.push_back({"/lib/libtrack.so", "", 0x700000, 0x700000, 0x710000, 0, 0});
  const StackIndex at = t.stack({"work@1"});
  t.trace.stacks[at].addresses.insert(t.trace.stacks[at].addresses.begin(), 0x700010);
  t.symbols.code[{0x700010, 0}] = {0x700010, 1, 0x10, {}};
  t.trace.stacks[at].truncated = true;
  ProfileBuilder builder = builder_for(t);
  builder.add(builder.stack(at), {}, {1});
  const Profile profile = builder.finish();
  CHECK(names(profile, profile.samples.at(0)) == std::vector<std::string>{"work", "(truncated)"});
  CHECK(profile.modules.size() == 1);
}

TEST_CASE("ages are steps, so that equal tasks of slightly different age are one sample") {
  CHECK(age_label(0).number == 0);
  CHECK(age_label(999'999).number == 0);
  CHECK(age_label(1'000'000).number == 1'000'000);
  CHECK(age_label(59'000'000'000).number == 10'000'000'000);
  CHECK(age_label(uint64_t{400} * 86'400'000'000'000).number == int64_t{30} * 86'400'000'000'000);
  CHECK(age_label(1).unit == "nanoseconds");
}

TEST_CASE("what was lost or not seen is in the comments") {
  TraceBuilder t;
  t.trace.lost["stacks"] = 3;
  t.trace.not_visible.push_back("nothing of io_uring");
  ProfileBuilder builder = builder_for(t);
  const Profile profile = builder.finish();
  REQUIRE(profile.comments.size() == 3);
  CHECK(profile.comments[1] == "lost: 3 stacks");
  CHECK(profile.comments[2] == "not visible: nothing of io_uring");
}
