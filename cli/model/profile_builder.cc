#include "cli/model/profile_builder.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace track {
namespace {

constexpr uint64_t kMs = 1'000'000, kSecond = 1000 * kMs, kMinute = 60 * kSecond,
                   kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::array<uint64_t, 16> kAges = {0,           kMs,          10 * kMs,     100 * kMs,
                                            kSecond,     10 * kSecond, kMinute,      2 * kMinute,
                                            5 * kMinute, 10 * kMinute, 30 * kMinute, kHour,
                                            6 * kHour,   kDay,         7 * kDay,     30 * kDay};

const Module* module_at(const Trace& trace, uint64_t address, uint32_t generation) {
  for (const Module& module : trace.modules)
    if (address >= module.start && address < module.end && module.loaded <= generation &&
        (module.unloaded == 0 || generation < module.unloaded))
      return &module;
  return nullptr;
}

Module program_of(const Trace& trace) {
  for (const Module& module : trace.modules)
    if (module.path == trace.program) return module;
  if (!trace.modules.empty()) return trace.modules.front();
  Module program;
  program.path = trace.program;
  return program;
}

void add_comments(const Trace& trace, std::vector<std::string>& comments) {
  std::string command;
  for (const std::string& word : trace.command_line) command += (command.empty() ? "" : " ") + word;
  comments.push_back("process " + std::to_string(trace.pid) + ": " +
                     (command.empty() ? trace.program : command));
  for (const auto& [kind, count] : trace.lost)
    comments.push_back("lost: " + std::to_string(count) + " " + kind);
  for (const std::string& warning : trace.warnings) comments.push_back("damage: " + warning);
  for (const std::string& item : trace.not_visible) comments.push_back("not visible: " + item);
}

}  // namespace

ProfileLabel age_label(uint64_t age_ns) {
  const auto above = std::upper_bound(kAges.begin(), kAges.end(), age_ns);
  return {"age", "", static_cast<int64_t>(*(above - 1)), "nanoseconds"};
}

ProfileLabel text_label(const std::string& key, const std::string& text) {
  return {key, text, 0, ""};
}

ProfileBuilder::ProfileBuilder(const Trace& trace, const Symbols& symbols, const std::string& type)
    : trace_(trace), symbols_(symbols) {
  profile_.type = type;
  if (trace.start_realtime_ns != 0 && trace.taken_ns >= trace.start_ns)
    profile_.time_ns = trace.start_realtime_ns + (trace.taken_ns - trace.start_ns);
  table_.module(program_of(trace));
}

uint32_t ProfileBuilder::code(uint64_t address, uint32_t generation) {
  Location location;
  const Module* module = nullptr;
  if (const auto known = symbols_.code.find({address, generation}); known != symbols_.code.end()) {
    location = known->second;
    if (location.module >= 0 && static_cast<size_t>(location.module) < trace_.modules.size())
      module = &trace_.modules[static_cast<size_t>(location.module)];
  } else {
    module = module_at(trace_, address, generation);
  }
  location.address = address;
  location.module = -1;
  if (module != nullptr) {
    location.module = table_.module(*module);
    location.offset = address - module->base;
  }
  return table_.location(std::move(location));
}

std::vector<uint32_t> ProfileBuilder::stack(StackIndex index, Prune prune) {
  if (index == 0 || index >= trace_.stacks.size()) return {};
  const auto [entry, fresh] =
      stacks_.try_emplace(uint64_t{index} << 8 | static_cast<uint8_t>(prune));
  std::vector<uint32_t>& result = entry->second;
  if (!fresh) return result;
  const Stack& stack = trace_.stacks[index];
  // Whatever is left of an address by that pruning keeps all of its inlined functions.
  std::unordered_set<uint64_t> kept;
  for (const StackLine& line : stack_lines(trace_, symbols_, index, prune))
    kept.insert(line.address);
  for (const uint64_t address : stack.addresses)
    if (kept.count(address) != 0) result.push_back(code(address, stack.generation));
  if (stack.truncated) result.push_back(line("(truncated)"));
  return result;
}

uint32_t ProfileBuilder::line(const std::string& function, const std::string& file, uint32_t line) {
  return table_.line(function, file, line);
}

std::vector<uint32_t> ProfileBuilder::joined(std::vector<uint32_t> where,
                                             const std::vector<uint32_t>& created) {
  if (where.empty() && created.empty()) return {line("(unknown)")};
  if (where.empty()) where.push_back(line("(unknown)"));
  if (created.empty()) return where;
  where.push_back(line("(created by)"));
  where.insert(where.end(), created.begin(), created.end());
  return where;
}

void ProfileBuilder::add(std::vector<uint32_t> stack, std::vector<ProfileLabel> labels,
                         const std::vector<int64_t>& values) {
  if (stack.empty()) stack.push_back(line("(unknown)"));
  table_.add(std::move(stack), std::move(labels), values);
}

Profile ProfileBuilder::finish() {
  add_comments(trace_, profile_.comments);
  table_.finish(profile_);
  return std::move(profile_);
}

}  // namespace track
