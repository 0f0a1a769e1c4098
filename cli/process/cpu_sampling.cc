#include "cli/process/cpu_sampling.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/live_image.h"
#include "cli/process/perf_events.h"
#include "cli/process/unwind.h"

namespace track::process {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReadMs = 20;
constexpr auto kModulesAgain = std::chrono::seconds(1);

// The process's memory, with the piece of stack as it was when the sample was taken in front.
class SampledMemory : public ImageMemory {
 public:
  explicit SampledMemory(std::shared_ptr<const ImageMemory> live) : live_(std::move(live)) {}

  // limit: where that stack ends at the latest. What lies above the piece has changed since.
  void set(uint64_t address, std::span<const std::byte> stack, uint64_t limit) {
    address_ = address;
    stack_ = stack;
    limit_ = limit;
  }

  size_t read_some(uint64_t address, void* to, size_t bytes) const override {
    const uint64_t end = address + bytes;
    const uint64_t high = address_ + stack_.size();
    if (address >= high && address < limit_) return 0;
    if (stack_.empty() || end <= address_ || address >= high)
      return live_->read_some(address, to, bytes);
    // Below the stack pointer is nothing that a walk reads.
    const uint64_t from = std::max(address, address_), until = std::min(end, high);
    std::memset(to, 0, bytes);
    std::memcpy(static_cast<std::byte*>(to) + (from - address), stack_.data() + (from - address_),
                until - from);
    return until - address;
  }

 private:
  std::shared_ptr<const ImageMemory> live_;
  uint64_t address_ = 0, limit_ = 0;
  std::span<const std::byte> stack_;
};

class Sampler {
 public:
  Sampler(pid_t pid, Trace& trace) : pid_(pid), trace_(trace) { describe(); }

  void add(const PerfSample& sample) {
    const uint64_t pc = sample.registers[Registers::rip];
    const Mapping* mapping = image_.mapping_of(pc);
    if ((mapping == nullptr || !mapping->executable) && Clock::now() - described_ > kModulesAgain)
      describe();
    const uint64_t sp = sample.registers[Registers::rsp];
    const Mapping* stack_mapping = image_.mapping_of(sp);
    memory_->set(sp, sample.stack, stack_mapping != nullptr ? stack_mapping->end : 0);
    Stack stack = unwinder_->unwind(sample.registers, true);
    const auto [known, fresh] =
        stacks_.try_emplace(std::move(stack.addresses), trace_.cpu.rows.size());
    if (!fresh) {
      ++trace_.cpu.rows[known->second].count;
      return;
    }
    CpuRow row;
    row.stack = static_cast<StackIndex>(trace_.stacks.size());
    row.count = 1;
    trace_.cpu.rows.push_back(row);
    stack.addresses = known->first;
    trace_.stacks.push_back(std::move(stack));
  }

  void finish() { trace_.modules = image_.modules; }

 private:
  void describe() {
    unwinder_.reset();
    ProcessImage fresh;
    describe_process(pid_, fresh);
    if (!fresh.modules.empty() || image_.modules.empty()) image_ = std::move(fresh);
    memory_ = std::make_shared<SampledMemory>(image_.memory);
    image_.memory = memory_;
    unwinder_ = std::make_unique<Unwinder>(image_);
    described_ = Clock::now();
  }

  pid_t pid_;
  Trace& trace_;
  ProcessImage image_;
  std::shared_ptr<SampledMemory> memory_;
  std::unique_ptr<Unwinder> unwinder_;
  Clock::time_point described_;
  std::map<std::vector<uint64_t>, size_t> stacks_;  // into cpu.rows
};

}  // namespace

Trace sample_cpu(pid_t pid, uint64_t period_ns, uint64_t duration_ns) {
  Trace trace;
  const ProcessImage who = look_at_process(pid);  // says in words what forbids it
  trace.source = who.source;
  trace.program = who.program;
  trace.command_line = who.command_line;
  trace.pid = pid;
  trace.stacks.emplace_back();
  Sampler sampler(pid, trace);
  PerfEvents events(pid, period_ns);
  const auto use = [&](const PerfSample& sample) { sampler.add(sample); };
  const auto begin = Clock::now(), end = begin + std::chrono::nanoseconds(duration_ns);
  while (Clock::now() < end && exists(pid)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    events.read(std::clamp(static_cast<int>(left.count()), 1, kReadMs), use);
  }
  events.read(0, use);
  sampler.finish();
  CpuTable& cpu = trace.cpu;
  cpu.record = CpuRecord::outside;
  cpu.period_ns = period_ns;
  cpu.duration_ns = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
  cpu.lost = events.lost();
  cpu.refused = events.refused();
  cpu.how = events.system_time() ? "perf_event (time in system calls is their callers')"
                                 : "perf_event (without the time in system calls, which is not "
                                   "permitted to be seen)";
  return trace;
}

}  // namespace track::process
