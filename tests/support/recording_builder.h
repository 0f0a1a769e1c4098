// A recording made in memory, byte by byte as the tracker would write it, so that the reader can be
// tested without one. Small sections; ticks are nanoseconds plus a constant.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "libtrack/wire/contention.h"
#include "libtrack/wire/cpu.h"
#include "libtrack/wire/declared.h"
#include "libtrack/wire/holds.h"
#include "libtrack/wire/key_count.h"
#include "libtrack/wire/labels.h"
#include "libtrack/wire/mappings.h"
#include "libtrack/wire/order.h"
#include "libtrack/wire/recording.h"
#include "libtrack/wire/ring.h"
#include "libtrack/wire/samples.h"
#include "libtrack/wire/scopes.h"
#include "libtrack/wire/stacks.h"
#include "libtrack/wire/tables.h"
#include "libtrack/wire/told.h"

namespace track::test {

class RecordingBuilder {
 public:
  static constexpr uint64_t kStartNs = 1'000'000'000, kStartTicks = 5'000'000'000;
  static constexpr uint32_t kThreads = 16, kCoroutines = 32, kSites = 8, kStacks = 32, kWords = 256,
                            kModules = 4, kStrings = 512, kFibers = 4, kSamples = 64,
                            kCpuSamples = 16, kContention = 16, kOrders = 8, kLabels = 16;

  // blocks: leaves of the table of heap blocks; each takes 32 MiB.
  explicit RecordingBuilder(uint64_t blocks = 0, uint64_t rings = 0) {
    add_section(wire::SectionKind::threads, sizeof(wire::ThreadSlot), kThreads);
    add_section(wire::SectionKind::coroutines, sizeof(wire::CoroutineSlot), kCoroutines);
    add_section(wire::SectionKind::sites, sizeof(wire::Site), kSites);
    add_section(wire::SectionKind::stack_index, sizeof(wire::StackIndexEntry), kStacks);
    add_section(wire::SectionKind::stack_bodies, 8, kWords);
    add_section(wire::SectionKind::modules, sizeof(wire::ModuleSlot), kModules);
    add_section(wire::SectionKind::strings, 1, kStrings);
    add_section(wire::SectionKind::rings, wire::kRingStride, rings);
    add_section(wire::SectionKind::fibers, sizeof(wire::FiberSlot), kFibers);
    add_section(wire::SectionKind::heap_sites, sizeof(wire::HeapSite), kStacks);
    add_section(wire::SectionKind::samples, sizeof(wire::Sample), kSamples);
    add_section(wire::SectionKind::heap_deltas, sizeof(wire::HeapDelta), wire::kDeltasAThread);
    add_section(wire::SectionKind::mappings, sizeof(wire::Mapping), 8);
    add_section(wire::SectionKind::block_regions, sizeof(wire::BlockRegion), blocks);
    add_section(wire::SectionKind::block_pages, 1, blocks * wire::kRegionPages);
    add_section(wire::SectionKind::blocks, 8, blocks * wire::kRegionCells);
    add_section(wire::SectionKind::cpu_samples, sizeof(wire::CpuSample), kCpuSamples);
    add_section(wire::SectionKind::thread_origins, sizeof(wire::KeyCount), 8);
    add_section(wire::SectionKind::told_coroutines, sizeof(wire::ToldCoroutine), kCoroutines);
    add_section(wire::SectionKind::told_places, sizeof(wire::ToldPlace), 8);
    add_section(wire::SectionKind::contention, sizeof(wire::ContentionSlot), kContention);
    add_section(wire::SectionKind::order_edges, sizeof(wire::OrderSlot), kOrders);
    add_section(wire::SectionKind::held_since, sizeof(wire::HeldSince), kThreads);
    add_section(wire::SectionKind::label_texts, sizeof(wire::LabelText), kLabels);
    add_section(wire::SectionKind::label_sets, sizeof(wire::LabelSet), kLabels);
    add_section(wire::SectionKind::told_threads, sizeof(wire::ToldThread), kThreads);
    add_section(wire::SectionKind::pool_members, sizeof(wire::PoolMember), kThreads);
    add_section(wire::SectionKind::declared, sizeof(wire::Declared), wire::kDeclaredProbes);
    add_section(wire::SectionKind::scopes, sizeof(wire::ScopeSlot), 16);
    write_header();
  }

  static uint64_t ticks(uint64_t ns) { return kStartTicks + (ns - kStartNs); }

  wire::Header& header() { return *reinterpret_cast<wire::Header*>(bytes_.data()); }

  wire::ThreadSlot& add_thread(uint32_t task, wire::ThreadState state, uint32_t flags = 0) {
    wire::ThreadSlot& slot = next<wire::ThreadSlot>(wire::SectionKind::threads);
    slot.state = state;
    slot.flags = flags;
    slot.sequence = 2;
    slot.task = task;
    slot.tid = static_cast<int32_t>(900 + task);
    slot.pthread = 0x7000 + task * 0x100;
    slot.created_ticks = ticks(kStartNs + task * 1000);
    return slot;
  }

  wire::FiberSlot& add_fiber(uint32_t task, wire::FiberState state) {
    wire::FiberSlot& slot = next<wire::FiberSlot>(wire::SectionKind::fibers);
    slot.state = state;
    slot.sort = wire::FiberSort::fcontext;
    slot.task = task;
    slot.creator = 1;
    slot.stack_low = 0x100000 * task;
    slot.stack_high = 0x100000 * task + 0x10000;
    slot.created_ticks = ticks(kStartNs + task * 1000);
    slot.context = slot.stack_high - 0x200;
    return slot;
  }

  // place: index + 1.
  wire::ToldCoroutine& add_told(uint64_t frame, uint64_t created_ns, wire::ToldState state,
                                uint32_t place) {
    wire::ToldCoroutine& slot = next<wire::ToldCoroutine>(wire::SectionKind::told_coroutines);
    slot.frame = frame;
    slot.created_ticks = ticks(created_ns);
    slot.since_ticks = ticks(created_ns + 500);
    slot.state = state;
    slot.place = place;
    return slot;
  }

  void set_wait(wire::ThreadSlot& slot, wire::WaitKind kind, uint64_t object, uint8_t flags = 0,
                uint32_t stack = 0) {
    slot.wait.sequence = 4;
    slot.wait.kind = kind;
    slot.wait.flags = flags;
    slot.wait.object = object;
    slot.wait.since_ticks = ticks(kStartNs + 5000);
    slot.wait.stack = stack;
  }

  void hold(wire::ThreadSlot& slot, uint64_t object, wire::HeldSort sort = wire::kHeldMutex) {
    slot.held[slot.held_count++] = object | sort;
  }

  // With locks=all: since when, and where it was taken. Of the slot's newest.
  void hold_since(wire::ThreadSlot& slot, uint64_t ns, uint64_t caller) {
    const auto index =
        &slot - reinterpret_cast<wire::ThreadSlot*>(place(wire::SectionKind::threads));
    auto& since = reinterpret_cast<wire::HeldSince*>(place(wire::SectionKind::held_since))[index];
    since.ticks[slot.held_count - 1] = ticks(ns);
    since.caller[slot.held_count - 1] = caller;
  }

  // The leaf is the caller's choice; 0 is never used.
  void add_block(uint64_t leaf, uint64_t address, uint64_t bytes, uint32_t stack) {
    header().blocks = wire::BlocksState::kept;
    auto& used = section(wire::SectionKind::block_regions).used;
    used = std::max(used.load(), leaf + 1);
    reinterpret_cast<uint64_t*>(place(wire::SectionKind::block_regions))[leaf] =
        (address >> wire::kBlockRegionShift) + 1;
    const uint64_t cell =
        leaf * wire::kRegionCells + (address >> wire::kBlockCellShift) % wire::kRegionCells;
    place(wire::SectionKind::block_pages)[cell / wire::kPageCells] = std::byte{wire::kPageThere};
    std::byte* at = place(wire::SectionKind::blocks) + cell * 8;
    const uint64_t whole = wire::whole_cell(bytes, stack);
    const uint32_t half = wire::half_cell(bytes, stack);
    if (bytes <= wire::kSmallBlock)
      std::memcpy(at + (address & 8) / 2, &half, sizeof half);
    else
      std::memcpy(at, &whole, sizeof whole);
  }

  // A sampled block in use; the recording is one that samples.
  void add_sample(uint64_t period, uint64_t address, uint64_t bytes, uint32_t stack) {
    header().blocks = wire::BlocksState::sampled;
    header().heap.period = period;
    wire::Sample& sample = next<wire::Sample>(wire::SectionKind::samples);
    sample.address = address;
    sample.bytes = bytes;
    sample.stack = stack;
  }
  void add_heap_site(uint32_t stack, uint64_t objects, uint64_t bytes) {
    section(wire::SectionKind::heap_sites).used = kStacks;
    auto* sites = reinterpret_cast<wire::HeapSite*>(place(wire::SectionKind::heap_sites));
    sites[stack].objects = objects;
    sites[stack].bytes = bytes;
  }
  void add_heap_delta(uint32_t stack, uint32_t objects, uint64_t bytes) {
    wire::HeapDelta& delta = next<wire::HeapDelta>(wire::SectionKind::heap_deltas);
    delta.stack = stack;
    delta.objects = objects;
    delta.bytes = bytes;
  }

  wire::CpuHead& cpu_head() {
    section(wire::SectionKind::cpu_samples).used = kCpuSamples;
    return *reinterpret_cast<wire::CpuHead*>(place(wire::SectionKind::cpu_samples));
  }
  void add_cpu_sample(uint32_t at, uint64_t key, uint64_t count) {
    auto* samples = reinterpret_cast<wire::CpuSample*>(place(wire::SectionKind::cpu_samples));
    samples[wire::kCpuHeadEntries + at].key = key;
    samples[wire::kCpuHeadEntries + at].count = count;
  }

  // Both at a place of the caller's choice, which is their number; 0 is never used.
  void add_label_text(uint32_t at, const std::string& words) {
    auto& text = reinterpret_cast<wire::LabelText*>(place(wire::SectionKind::label_texts))[at];
    text.identity = at * 77;
    std::memcpy(text.text, words.data(), words.size());
    text.bytes = static_cast<uint32_t>(words.size() + 1);
  }
  void add_label_set(uint32_t at, const std::vector<uint32_t>& pairs) {
    auto& set = reinterpret_cast<wire::LabelSet*>(place(wire::SectionKind::label_sets))[at];
    set.identity = at * 77;
    for (size_t i = 0; i < pairs.size(); ++i) set.pairs[i] = pairs[i];
  }

  wire::ScopeSlot& set_scope(uint32_t slot, wire::ScopeState state, uint32_t name) {
    auto& scope = reinterpret_cast<wire::ScopeSlot*>(place(wire::SectionKind::scopes))[slot];
    scope.state = state;
    scope.generation = 1;
    scope.name = name;
    section(wire::SectionKind::scopes).used = 16;
    return scope;
  }

  // Outermost first, as recorded. The reference of the stack.
  uint32_t add_stack(const std::vector<uint64_t>& outermost_first, uint64_t flags = 0) {
    const uint32_t reference = ++stacks_;
    auto& words = section(wire::SectionKind::stack_bodies).used;
    const uint64_t at = words.load();
    std::memcpy(place(wire::SectionKind::stack_bodies) + at * 8, outermost_first.data(),
                outermost_first.size() * 8);
    words += outermost_first.size();
    auto& entry =
        reinterpret_cast<wire::StackIndexEntry*>(place(wire::SectionKind::stack_index))[reference];
    entry.hash = reference * 77;
    entry.body = wire::pack_stack_body(at, static_cast<uint32_t>(outermost_first.size()), flags);
    section(wire::SectionKind::stack_index).used = kStacks;
    return reference;
  }

  wire::CoroutineSlot& add_coroutine(uint64_t address, uint32_t site, uint32_t stack) {
    auto& slot = next<wire::CoroutineSlot>(wire::SectionKind::coroutines);
    slot.address = address;
    slot.created_ticks = ticks(kStartNs + 7000);
    slot.site = site;
    slot.stack = stack;
    slot.size_bytes = 96;
    slot.creator = 1;
    return slot;
  }

  uint32_t add_site(wire::SiteState state, uint64_t resume, uint64_t destroy) {
    const auto index = static_cast<uint32_t>(section(wire::SectionKind::sites).used.load());
    wire::Site& site = next<wire::Site>(wire::SectionKind::sites);
    site.return_address = 0x401000;
    site.state = state;
    site.resume = resume;
    site.destroy = destroy;
    return index;
  }

  void add_module(const std::string& path, uint64_t start, uint64_t end) {
    auto& strings = section(wire::SectionKind::strings).used;
    wire::ModuleSlot& slot = next<wire::ModuleSlot>(wire::SectionKind::modules);
    std::memcpy(place(wire::SectionKind::strings) + strings.load(), path.c_str(), path.size() + 1);
    slot.path = strings.load();
    strings += path.size() + 1;
    slot.base = slot.start = start;
    slot.end = end;
    slot.build_id_bytes = 2;
    slot.build_id[0] = 0xab;
    slot.build_id[1] = 0x01;
    slot.state = 1;
  }

  wire::ContentionSlot& add_contention(wire::ContentionRole role, wire::WaitKind kind,
                                       uint64_t object) {
    auto& slot = next<wire::ContentionSlot>(wire::SectionKind::contention);
    slot.identity = wire::pack_contention(role, kind, object);
    slot.first_ticks = ticks(kStartNs + 100);
    slot.last_ticks = ticks(kStartNs + 9000);
    return slot;
  }

  wire::OrderSlot& add_order(uint64_t lock) {
    auto& slot = next<wire::OrderSlot>(wire::SectionKind::order_edges);
    slot.identity = 99;
    slot.lock = lock;
    slot.held_count = 1;
    return slot;
  }

  std::byte* section_bytes(wire::SectionKind kind) { return place(kind); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }

 private:
  wire::Section& section(wire::SectionKind kind) {
    return header().sections[static_cast<uint32_t>(kind)];
  }
  std::byte* place(wire::SectionKind kind) { return bytes_.data() + section(kind).offset; }

  template <class T>
  T& next(wire::SectionKind kind) {
    const uint64_t index = section(kind).used++;
    return reinterpret_cast<T*>(place(kind))[index];
  }

  void add_section(wire::SectionKind kind, uint32_t entry, uint64_t count) {
    if (bytes_.empty()) bytes_.resize(wire::kHeaderBytes);
    const uint64_t offset = bytes_.size();
    bytes_.resize(offset + entry * count);
    wire::Section& s = section(kind);
    s.kind = kind;
    s.entry_bytes = entry;
    s.offset = offset;
    s.bytes = entry * count;
  }

  void write_header() {
    wire::Header& h = header();
    std::memcpy(h.magic, wire::kMagic, sizeof h.magic);
    h.version = wire::kVersion;
    h.header_bytes = wire::kHeaderBytes;
    h.file_bytes = bytes_.size();
    h.pid = 900;
    h.parent_pid = 800;
    // A boot that cannot be this machine's, so that only the recording's own clock pairs count.
    h.start_realtime_ns = 42;
    h.start_monotonic_ns = kStartNs;
    h.start_ticks = kStartTicks;
    h.later_monotonic_ns = kStartNs + 1'000'000;
    h.later_ticks = kStartTicks + 1'000'000;
    h.state = wire::ProcessState::ended;
    h.end_reason = wire::EndReason::main_returned;
    h.control.recording = 1;
    std::memcpy(h.program, "/bin/server", 12);
    std::memcpy(h.command_line, "server\0--fast\0", 15);
  }

  std::vector<std::byte> bytes_;
  uint32_t stacks_ = 0;
};

}  // namespace track::test
