#include "cli/analyze/profile_cpu.h"

#include <algorithm>

#include "cli/model/profile_builder.h"

namespace track::analyze {
namespace {

// GCC's and clang's names of the functions that a coroutine is split into.
bool is_coroutine_code(const Frame& frame) {
  for (const char* part : {".actor", ".resume", ".destroy"})
    if (frame.linkage_name.find(part) != std::string::npos) return true;
  return false;
}

// The function of the innermost coroutine that a stack is inside of; empty: of none.
std::string coroutine_of(const Symbols& symbols, const Stack& stack) {
  for (const uint64_t address : stack.addresses) {
    const auto known = symbols.code.find({address, stack.generation});
    if (known == symbols.code.end()) continue;
    for (const Frame& frame : known->second.frames)
      if (is_coroutine_code(frame)) return short_function(frame.function);
  }
  return {};
}

}  // namespace

std::optional<Profile> profile_cpu(const Trace& trace, const Symbols& symbols) {
  const CpuTable& cpu = trace.cpu;
  if (cpu.record == CpuRecord::off) return std::nullopt;
  ProfileBuilder builder(trace, symbols, "cpu");
  Profile& profile = builder.profile();
  profile.value_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.shown = 1;
  profile.period_type = {"cpu", "nanoseconds"};
  profile.period = static_cast<int64_t>(cpu.period_ns);
  profile.duration_ns = cpu.duration_ns != 0              ? cpu.duration_ns
                        : trace.taken_ns > trace.start_ns ? trace.taken_ns - trace.start_ns
                                                          : 0;
  profile.comments.push_back(cpu_text(cpu));
  for (const CpuRow& row : cpu.rows) {
    std::vector<uint32_t> stack = builder.stack(row.stack);
    std::vector<ProfileLabel> labels;
    if (stack.empty()) stack.push_back(builder.line("(inside the tracker)"));
    std::string coroutine;
    bool awaiters = false;
    if (row.stack != 0 && row.stack < trace.stacks.size()) {
      coroutine = coroutine_of(symbols, trace.stacks[row.stack]);
      awaiters = trace.stacks[row.stack].awaiters_from != 0;
    }
    if ((row.on_fiber || awaiters) && row.created_at != 0)
      stack = builder.joined(std::move(stack), builder.stack(row.created_at));
    if (!coroutine.empty() && !awaiters)
      stack.push_back(builder.line("(who awaits it is not known: resumed from here)"));
    labels.push_back(text_label("kind", !coroutine.empty() ? "coroutine"
                                        : row.on_fiber     ? "fiber"
                                                           : "thread"));
    if (!coroutine.empty()) labels.push_back(text_label("coroutine", coroutine));
    const auto count = static_cast<int64_t>(row.count);
    builder.add(std::move(stack), std::move(labels),
                {count, count * static_cast<int64_t>(cpu.period_ns)});
  }
  return builder.finish();
}

}  // namespace track::analyze
