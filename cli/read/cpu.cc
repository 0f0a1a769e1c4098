// The table of CPU samples (wire/cpu.h).
#include "libtrack/wire/cpu.h"

#include <algorithm>

#include "cli/read/image.h"

namespace track::read {
namespace {

constexpr uint64_t kAtOnce = 4096;
constexpr uint64_t kMostPeriodNs = 1'000'000'000;

CpuRecord record_of(wire::CpuState state) {
  switch (state) {
    case wire::CpuState::off:
      return CpuRecord::off;
    case wire::CpuState::sampling:
      return CpuRecord::sampling;
    case wire::CpuState::no_signal:
      return CpuRecord::no_signal;
    case wire::CpuState::filtered:
      return CpuRecord::filtered;
    case wire::CpuState::taken:
      return CpuRecord::taken;
  }
  return CpuRecord::off;
}

}  // namespace

void read_cpu(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::cpu_samples);
  CpuTable& cpu = image.trace().cpu;
  Copy<wire::CpuHead> head;
  if (section.used <= wire::kCpuHeadEntries ||
      !image.bytes().read(section.offset, head.bytes.data(), sizeof(wire::CpuHead)))
    return;
  cpu.record = record_of(head->state.load(std::memory_order_acquire));
  cpu.period_ns = std::min<uint64_t>(head->period_ns, kMostPeriodNs);
  cpu.signal = head->signal.load(std::memory_order_relaxed);
  cpu.lost = head->lost.load(std::memory_order_relaxed);
  cpu.unseen = head->unseen.load(std::memory_order_relaxed);
  cpu.refused = head->refused.load(std::memory_order_relaxed);
  const uint64_t end = std::min<uint64_t>(section.used, wire::kCpuSamples);
  std::vector<Copy<wire::CpuSample>> samples(kAtOnce);
  for (uint64_t start = wire::kCpuHeadEntries; start < end; start += kAtOnce) {
    const uint64_t n = std::min(kAtOnce, end - start);
    if (!image.bytes().read(section.offset + start * sizeof(wire::CpuSample), samples.data(),
                            n * sizeof(wire::CpuSample)))
      return image.warn("the CPU samples cannot be read to their end");
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t key = samples[i]->key.load(std::memory_order_relaxed);
      const uint64_t count = samples[i]->count.load(std::memory_order_relaxed);
      if ((key & wire::kCpuKeyUsed) == 0 || count == 0 || count > uint64_t{1} << 48) continue;
      cpu.rows.push_back({image.stack(wire::cpu_key_stack(key)), (key & wire::kCpuKeyFiber) != 0,
                          image.stack(wire::cpu_key_created(key)), count});
    }
  }
}

}  // namespace track::read
