#include "cli/analyze/profile_cpu.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

StackIndex add_stack(Trace& trace, std::vector<uint64_t> addresses) {
  Stack stack;
  stack.addresses = std::move(addresses);
  trace.stacks.push_back(std::move(stack));
  return static_cast<StackIndex>(trace.stacks.size() - 1);
}

std::string label(const ProfileSample& sample, const std::string& key) {
  for (const ProfileLabel& one : sample.labels)
    if (one.key == key) return one.text;
  return {};
}

}  // namespace

TEST_CASE("without samples of CPU time there is no profile of it") {
  test::TraceBuilder builder;
  CHECK(!analyze::profile_cpu(builder.trace, {}));
}

TEST_CASE("CPU time is samples times the period, by what was running") {
  test::TraceBuilder builder;
  Trace& trace = builder.trace;
  trace.cpu.record = CpuRecord::sampling;
  trace.cpu.period_ns = 10'000'000;
  const StackIndex plain = add_stack(trace, {0x401000}), resumed = add_stack(trace, {0x402000}),
                   made = add_stack(trace, {0x403000});
  trace.cpu.rows = {
      {plain, false, 0, 40}, {resumed, false, 0, 5}, {plain, true, made, 3}, {0, false, 0, 2}};
  Symbols symbols;
  Location coroutine;
  coroutine.address = 0x402000;
  Frame frame;
  frame.function = "serve(int)";
  frame.linkage_name = "_Z5servei.actor";
  coroutine.frames = {frame};
  symbols.code[{0x402000, 0}] = coroutine;
  const auto profile = analyze::profile_cpu(trace, symbols);
  REQUIRE(profile);
  CHECK(profile->value_types.size() == 2);
  CHECK(profile->period == 10'000'000);
  REQUIRE(profile->samples.size() == 4);
  int64_t samples = 0, time = 0;
  for (const ProfileSample& sample : profile->samples) {
    samples += sample.values[0];
    time += sample.values[1];
  }
  CHECK(samples == 50);
  CHECK(time == 500'000'000);
  CHECK(label(profile->samples[0], "kind") == "thread");
  CHECK(label(profile->samples[1], "kind") == "coroutine");
  CHECK(label(profile->samples[1], "coroutine") == "serve");
  // Nobody saw who awaits it, and a line says so.
  CHECK(profile->samples[1].stack.size() == 2);
  CHECK(label(profile->samples[2], "kind") == "fiber");
  CHECK(profile->samples[2].stack.size() == 3);  // and a mark, and who created it
}

TEST_CASE("a coroutine's stack goes on with who awaits it, and with what created the outermost") {
  test::TraceBuilder builder;
  Trace& trace = builder.trace;
  trace.cpu.record = CpuRecord::sampling;
  const StackIndex stack = add_stack(trace, {0x402000, 0x403001, 0x404001}),
                   made = add_stack(trace, {0x405000});
  trace.stacks[stack].awaiters_from = 1;
  trace.cpu.rows = {{stack, false, made, 1}};
  Symbols symbols;
  symbols.code[{0x402000, 0}].address = 0x402000;
  symbols.code[{0x402000, 0}].frames.push_back({"serve(int)", "_Z5servei.resume", "", 0, 0, false});
  const auto profile = analyze::profile_cpu(trace, symbols);
  REQUIRE(profile);
  REQUIRE(profile->samples.size() == 1);
  CHECK(profile->samples[0].stack.size() == 5);  // three, the mark, the creator
  CHECK(label(profile->samples[0], "coroutine") == "serve");
}
