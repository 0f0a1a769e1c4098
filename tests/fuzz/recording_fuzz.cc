// Recordings: what `track leaks rec.PID.N` reads. Mutants change entries that are in use, or the
// header; an input of another format version is read as one of today's, so that the corpus lasts.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "cli/verbs/load.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/recording_builder.h"

namespace track::fuzz {
namespace {

using test::RecordingBuilder;

uint64_t at_ns(uint64_t later) {
  return RecordingBuilder::ticks(RecordingBuilder::kStartNs + later);
}

void add_tasks(RecordingBuilder& builder) {
  const uint32_t stack = builder.add_stack({0x401000, 0x401010, 0x401020});
  const uint32_t other = builder.add_stack({0x401000, 0x401040});
  builder.add_module("/bin/server", 0x400000, 0x480000);
  builder.add_thread(1, wire::ThreadState::running, wire::kThreadMain);
  for (uint32_t task = 2; task < 6; ++task) {
    auto& worker = builder.add_thread(task, wire::ThreadState::running);
    worker.created_stack = task % 2 == 0 ? stack : other;
    worker.creator = 1;
    std::memcpy(worker.name, "worker", 7);
    builder.hold(worker, 0x5000 + 0x100 * task);
    builder.set_wait(worker, wire::WaitKind::mutex, 0x5000 + 0x100 * (task == 3 ? 2 : 3), 0, stack);
    builder.hold_since(worker, RecordingBuilder::kStartNs + 700, 0x401234);
  }
  auto& joining = builder.add_thread(6, wire::ThreadState::running);
  builder.set_wait(joining, wire::WaitKind::join, 0x7000 + 0x200, 0, other);
  builder.add_thread(7, wire::ThreadState::ended).created_stack = stack;
  const uint32_t site = builder.add_site(wire::SiteState::coroutine, 0x402000, 0x402100);
  for (uint64_t i = 0; i < 6; ++i) builder.add_coroutine(0x9000 + 0x100 * i, site, stack);
  builder.add_fiber(20, wire::FiberState::suspended);
  builder.header().counters.threads_created = 9;
  auto* origins =
      reinterpret_cast<wire::KeyCount*>(builder.section_bytes(wire::SectionKind::thread_origins));
  origins[3].key = wire::kOriginUsed | stack;
  origins[3].count = 7;
}

void add_costs(RecordingBuilder& builder) {
  const uint32_t stack = builder.add_stack({0x403000, 0x403010, 0x404000});
  auto& cost = builder.add_contention(wire::ContentionRole::waiter, wire::WaitKind::mutex, 0x5200);
  cost.count = 3;
  cost.ticks = 5000;
  cost.stack = stack;
  for (uint64_t i = 0; i < 2; ++i) {
    wire::OrderSlot& order = builder.add_order(0x5200 + 0x100 * i);
    order.held[0] = (0x5300 - 0x100 * i) | wire::kHeldWrite;
    order.stack = stack;
    for (uint32_t w = 0; w < 2; ++w) {
      order.witnesses[w].task = 2 + w;
      order.witnesses[w].first_ticks = at_ns(500);
      order.witnesses[w].last_ticks = at_ns(900);
    }
  }
  wire::CpuHead& head = builder.cpu_head();
  head.period_ns = 10101010;
  head.state = wire::CpuState::sampling;
  builder.add_cpu_sample(0, wire::cpu_key(stack, false, 0), 41);
  builder.add_cpu_sample(3, wire::cpu_key(stack, true, stack), 2);
  builder.add_sample(512 << 10, 0x9000, 96, stack);
  builder.add_sample(512 << 10, 0xa000, 1 << 20, stack);
  builder.add_heap_site(stack, 100, 9000);
  builder.add_heap_delta(stack, 10, 900);
}

void add_events(RecordingBuilder& builder) {
  std::byte* ring = builder.section_bytes(wire::SectionKind::rings);
  const uint64_t count = 12;
  std::memcpy(ring, &count, sizeof count);
  for (uint64_t i = 0; i < count; ++i) {
    wire::Event event{};
    event.ticks = at_ns(100 * (i + 1));
    event.object = 0x5200;
    event.task = static_cast<uint32_t>(1 + i % 4);
    event.duration_ticks = 50;
    event.kind = i % 3 == 0 ? wire::EventKind::thread_started : wire::EventKind::wait_ended;
    event.sort = static_cast<uint8_t>(wire::WaitKind::mutex);
    std::memcpy(ring + offsetof(wire::Ring, events) + i * sizeof event, &event, sizeof event);
  }
}

std::string bytes_of(RecordingBuilder& builder) {
  const auto bytes = builder.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One entry in use of any section, or a word of the header.
void mutate_entry(uint8_t* data, size_t size, unsigned seed) {
  constexpr size_t kHead = sizeof(wire::Header);
  wire::Section section{};
  const uint32_t which = seed % (wire::kSectionCount + 4);
  if (which != 0 && which < wire::kSectionCount)
    std::memcpy(static_cast<void*>(&section),
                data + offsetof(wire::Header, sections) + which * sizeof section, sizeof section);
  const uint64_t entry = section.entry_bytes, used = std::max<uint64_t>(section.used.load(), 1);
  const uint64_t at = section.offset + (seed / 64 % std::min<uint64_t>(used + 1, 64)) * entry;
  if (entry == 0 || entry > size || at > size - entry)
    return mutate_part(data, seed / 64 % (kHead - 64), 64);
  // Of a ring or of bytes without a shape: the first of them.
  mutate_part(data, at,
              std::min<uint64_t>(entry == 1 ? 64 : entry, std::min<size_t>(1024, size - at)));
}

}  // namespace

std::vector<std::string> seeds() {
  RecordingBuilder plain, busy(0, 1);
  add_tasks(plain);
  add_tasks(busy);
  add_costs(busy);
  add_events(busy);
  return {bytes_of(plain), bytes_of(busy)};
}

}  // namespace track::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  using namespace track;
  if (size < sizeof(wire::Header) || seed % 8 == 0) return LLVMFuzzerMutate(data, size, most);
  for (unsigned n = 0; n <= seed / 8 % 3; ++n)
    fuzz::mutate_entry(data, size, seed / 32 * 2654435761u + n * 40503u);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  std::vector<uint8_t> bytes(data, data + size);
  if (size >= sizeof(wire::Header))
    std::memcpy(bytes.data() + offsetof(wire::Header, version), &wire::kVersion,
                sizeof wire::kVersion);
  const fuzz::InputFile file(bytes.data(), bytes.size());
  verbs::SymbolSettings settings;
  settings.heap = settings.contention = settings.history = true;
  fuzz::allow_refusal([&] {
    std::vector<Loaded> all;
    all.push_back(verbs::load_recording(file.path(), settings, true));
    fuzz::use_loaded(std::move(all), data, size);
  });
  return 0;
}
