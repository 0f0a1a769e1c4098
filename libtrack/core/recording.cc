#include "libtrack/core/recording.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <initializer_list>

#include "libtrack/core/family.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording_file.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/wire/contention.h"
#include "libtrack/wire/cpu.h"
#include "libtrack/wire/declared.h"
#include "libtrack/wire/holds.h"
#include "libtrack/wire/labels.h"
#include "libtrack/wire/mappings.h"
#include "libtrack/wire/option_limits.h"
#include "libtrack/wire/order.h"
#include "libtrack/wire/ring.h"
#include "libtrack/wire/samples.h"
#include "libtrack/wire/scopes.h"
#include "libtrack/wire/stacks.h"
#include "libtrack/wire/told.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace track::core {

TRACK_HOT_TABLE Recording recording;
WipedInChildren wiped_in_children;
uint8_t* reserved_pages;

namespace {
uint64_t limit_of(int resource) {
  rlimit limit{};
  if (sys::call(SYS_prlimit64, 0, resource, 0, sys::as_long(&limit)) < 0) return 0;
  return limit.rlim_cur;
}
}  // namespace

uint64_t file_size_limit() {
  return limit_of(RLIMIT_FSIZE);
}

void advise_of_pages(void* p, uint64_t bytes, int fd) {
  sys::call(SYS_madvise, sys::as_long(p), static_cast<long>(bytes), MADV_RANDOM);
  if (fd < 0) sys::call(SYS_madvise, sys::as_long(p), static_cast<long>(bytes), MADV_DONTDUMP);
}

void write_magic() {
  std::atomic_thread_fence(std::memory_order_release);
  copy_bytes(recording.header->magic, wire::kMagic, sizeof wire::kMagic);
}

namespace {

using wire::SectionKind;

constexpr uint32_t kLevels = 4;  // of plans, each smaller than the last

// Sections in the order of the file: those of the blocks last.
constexpr bool is_of_blocks(uint32_t kind) {
  return kind >= static_cast<uint32_t>(SectionKind::block_regions) &&
         kind <= static_cast<uint32_t>(SectionKind::blocks);
}

constexpr uint64_t page_up(uint64_t bytes) {
  return (bytes + 4095) & ~uint64_t{4095};
}

constexpr uint64_t within(uint64_t value, uint64_t low, uint64_t high) {
  return value < low ? low : value > high ? high : value;
}

struct Plan {
  uint64_t bytes[wire::kSectionCount];
  uint32_t entry[wire::kSectionCount];
  uint64_t total;
};

uint32_t online_cpus() {
  // The mask's length covers every CPU that can appear; rseq numbers CPUs below it.
  unsigned long mask[64] = {};
  const long n = sys::call(SYS_sched_getaffinity, 0, sizeof mask, sys::as_long(mask));
  uint32_t highest = 0;
  for (long i = 0; i < n / 8; ++i)
    if (mask[i] != 0) highest = static_cast<uint32_t>(i * 64 + 64 - __builtin_clzl(mask[i]));
  return highest == 0 ? 1 : highest > 256 ? 256 : highest;
}

// Room for 16 GiB of heap at the default period, half full; more where samples come closer.
uint64_t sample_slots(uint64_t period) {
  uint64_t slots = 1 << 16;
  while (slots < 1 << 21 && period * slots < wire::kDefaultSamplePeriod << 16) slots *= 2;
  return slots;
}
// Of 4096 threads that allocate at a time; what the others allocate is added up at once.
constexpr uint64_t kMostDeltas = 4096 * wire::kDeltasAThread;

// Level 0 is what the options ask for; every further one is smaller, for processes with little
// address space or file size left.
Plan make_plan(uint32_t level, uint32_t rings) {
  Plan plan{};
  const uint64_t shrink = uint64_t{1} << (level * 3);
  auto set = [&](SectionKind kind, uint64_t entry, uint64_t count) {
    plan.entry[static_cast<uint32_t>(kind)] = static_cast<uint32_t>(entry);
    plan.bytes[static_cast<uint32_t>(kind)] = page_up(entry * count);
  };
  // Where space is scarcest there is none for so many stacks either.
  constexpr uint32_t kThreadShare[kLevels] = {1, 1, 16, 64};
  // The last plan is for processes with 32 MiB of address space: a thread's stack takes 8 of them.
  constexpr uint32_t kTableShare[kLevels] = {1, 1, 16, 64};
  const uint32_t fewer = kTableShare[level];
  const uint64_t threads =
      within(options.threads_max, 64, wire::kMostThreads) / kThreadShare[level];
  const uint64_t frames = within(options.coroutines_max, 1024, wire::kMostCoroutines);
  const uint64_t stacks_mb = within(options.stacks_mb, 0, wire::kMostStackMiB);
  set(SectionKind::threads, sizeof(wire::ThreadSlot), threads + 64);
  set(SectionKind::held_since, sizeof(wire::HeldSince), records_holds(options) ? threads + 64 : 0);
  set(SectionKind::coroutines, sizeof(wire::CoroutineSlot), frames / shrink + 64);
  // Fewer: the program has to say so of each. A quarter of coroutines_max, or a thousand.
  const uint64_t told = frames / wire::kToldShare / shrink;
  set(SectionKind::told_coroutines, sizeof(wire::ToldCoroutine), (told < 1024 ? 1024 : told) + 64);
  set(SectionKind::told_places, sizeof(wire::ToldPlace), wire::kToldPlaces / fewer);
  set(SectionKind::sites, sizeof(wire::Site), wire::kSiteCapacity);
  // A compiler allocates from some 200 000 different places.
  const bool blocks = wants_blocks(options);
  const uint64_t more_stacks = blocks && options.alloc_stacks ? 4 : 1;
  set(SectionKind::stack_index, sizeof(wire::StackIndexEntry), more_stacks * (1u << 18) / fewer);
  set(SectionKind::stack_bodies, 8, (more_stacks * (stacks_mb << 20) / shrink + 65536) / 8);
  set(SectionKind::modules, sizeof(wire::ModuleSlot), 4096 / (level > 2 ? 4 : 1));
  set(SectionKind::strings, 1, (1 << 20) / (level > 2 ? 4 : 1));
  set(SectionKind::rings, static_cast<uint32_t>(wire::kRingStride),
      level > 2 ? 1 : rings + wire::kPooledRings);
  set(SectionKind::contention, sizeof(wire::ContentionSlot), wire::kContentionSlots / fewer);
  set(SectionKind::order_edges, sizeof(wire::OrderSlot), wire::kOrderSlots / fewer);
  set(SectionKind::thread_origins, sizeof(wire::KeyCount), wire::kThreadOrigins / fewer);
  set(SectionKind::label_texts, sizeof(wire::LabelText), wire::kLabelTexts / fewer);
  set(SectionKind::label_sets, sizeof(wire::LabelSet), wire::kLabelSets / fewer);
  set(SectionKind::told_threads, sizeof(wire::ToldThread), threads + 64);
  set(SectionKind::pool_members, sizeof(wire::PoolMember), threads + 64);
  set(SectionKind::declared, sizeof(wire::Declared), wire::kDeclaredSlots / fewer);
  set(SectionKind::scopes, sizeof(wire::ScopeSlot), wire::kScopeSlots / fewer);
  set(SectionKind::fibers, sizeof(wire::FiberSlot),
      within(options.fibers_max, 64, wire::kMostFibers) / fewer + 64);
  const uint64_t period = wanted_sample_period(options);
  const uint64_t stacks =
      plan.bytes[static_cast<uint32_t>(SectionKind::stack_index)] / sizeof(wire::StackIndexEntry);
  set(SectionKind::heap_sites, sizeof(wire::HeapSite), blocks || period != 0 ? stacks : 0);
  set(SectionKind::samples, sizeof(wire::Sample),
      period != 0 ? within(sample_slots(period) / shrink, 2048, 1 << 21) : 0);
  set(SectionKind::heap_deltas, sizeof(wire::HeapDelta),
      blocks && options.alloc_stacks ? kMostDeltas / shrink : 0);
  set(SectionKind::mappings, sizeof(wire::Mapping),
      (blocks || period != 0) && level < 2 ? wire::kMappingSlots : 0);
  const uint64_t regions = blocks ? wire::kMostBlockRegions / shrink : 0;
  set(SectionKind::block_regions, sizeof(wire::BlockRegion), regions);
  set(SectionKind::block_pages, 1, regions * wire::kRegionPages);
  set(SectionKind::blocks, 8, regions * wire::kRegionCells);
  set(SectionKind::cpu_samples, sizeof(wire::CpuSample), options.cpu != 0 ? wire::kCpuSamples : 0);
  plan.total = wire::kHeaderBytes;
  for (uint64_t bytes : plan.bytes) plan.total += bytes;
  return plan;
}

void write_directory(const Plan& plan) {
  uint64_t offset = wire::kHeaderBytes;
  for (const bool of_blocks : {false, true})
    for (uint32_t i = 1; i < wire::kSectionCount; ++i) {
      if (is_of_blocks(i) != of_blocks) continue;
      wire::Section& s = recording.header->sections[i];
      s.kind = static_cast<SectionKind>(i);
      s.entry_bytes = plan.entry[i];
      s.offset = offset;
      s.bytes = plan.bytes[i];
      recording.places[i] = {offset, plan.bytes[i]};
      offset += plan.bytes[i];
    }
}

// What is reserved is accounted one byte a page; the blocks have an account of their own.
bool map_plan(const Plan& plan, int fd) {
  const int sharing = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void* p = sys::map(nullptr, plan.total, PROT_READ | PROT_WRITE, sharing | MAP_NORESERVE, fd);
  if (sys::map_failed(p)) return false;
  const uint64_t blocks = plan.bytes[static_cast<uint32_t>(SectionKind::blocks)];
  auto* pages = static_cast<uint8_t*>(allocate((plan.total - blocks) >> 12));
  if (pages == nullptr) {
    sys::unmap(p, plan.total);
    return false;
  }
  advise_of_pages(p, plan.total, fd);
  reserved_pages = pages;
  recording.base = static_cast<char*>(p);
  recording.bytes = plan.total;
  recording.header = static_cast<wire::Header*>(p);
  return true;
}

void read_link(const char* path, char* to, size_t capacity) {
  const long n = sys::call(SYS_readlinkat, AT_FDCWD, sys::as_long(path), sys::as_long(to),
                           static_cast<long>(capacity - 1));
  to[n > 0 ? n : 0] = 0;
}

// Its words are looked at from outside alone.
[[gnu::used]] wire::Beacon beacon = {};

void light_beacon(const wire::Header& header) {
  __builtin_memcpy(beacon.magic, wire::kBeaconMagic, sizeof beacon.magic);
  beacon.arenas = header.arenas;
  beacon.mapped_at = header.mapped_at;
  beacon.mapped_bytes = header.file_bytes;
}

// How much of the header's text is the program's own.
size_t own_options_bytes = 0;

void write_header(const char* own_options, const char* option_text, const Plan& plan) {
  wire::Header& h = *recording.header;
  h.version = wire::kVersion;
  h.header_bytes = wire::kHeaderBytes;
  h.file_bytes = plan.total;
  h.pid = recording.pid = sys::pid();
  h.parent_pid = static_cast<int32_t>(sys::call(SYS_getppid));
  h.uid = static_cast<uint32_t>(sys::call(SYS_geteuid));
  h.cpu_count = static_cast<uint32_t>(plan.bytes[static_cast<uint32_t>(SectionKind::rings)] /
                                      wire::kRingStride);
  h.start_realtime_ns = sys::realtime_ns();
  h.start_ticks = sys::ticks();
  h.start_monotonic_ns = sys::monotonic_ns();
  h.later_ticks.store(h.start_ticks, std::memory_order_relaxed);
  h.later_monotonic_ns.store(h.start_monotonic_ns, std::memory_order_relaxed);
  h.arenas = reinterpret_cast<uint64_t>(&arenas());
  h.mapped_at = reinterpret_cast<uint64_t>(recording.base);
  light_beacon(h);
  h.next_task.store(1, std::memory_order_relaxed);
  h.thread_slot_bytes = sizeof(wire::ThreadSlot);
  h.control.recording.store(options.record, std::memory_order_relaxed);
  h.control.pause_at_exit.store(options.reader != 0, std::memory_order_relaxed);
  h.control.reader_pid.store(static_cast<int32_t>(options.reader), std::memory_order_relaxed);
  h.control.take_limit_ms.store(static_cast<uint32_t>(options.take_ms), std::memory_order_relaxed);
  h.control.hold_limit_ms.store(static_cast<uint32_t>(options.hold_ms), std::memory_order_relaxed);
  read_link("/proc/self/exe", h.program, sizeof h.program);
  // Where /proc is not mounted: as it was named when it was executed.
  if (const auto* named = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
      h.program[0] == 0 && named != nullptr)
    Text(h.program, sizeof h.program).add(named);
  const long n = sys::read_file("/proc/self/cmdline", h.command_line, sizeof h.command_line - 1);
  h.command_line[n > 0 ? n : 0] = 0;
  Text all(h.options, sizeof h.options);
  if (own_options != nullptr && *own_options != 0) all.add(own_options).add(":");
  own_options_bytes = length(h.options);
  all.add(option_text == nullptr ? "" : option_text);
  write_directory(plan);
}

void find_sections() {
  recording.threads = section_start<wire::ThreadSlot>(SectionKind::threads);
  recording.coroutines = section_start<wire::CoroutineSlot>(SectionKind::coroutines);
  recording.sites = section_start<wire::Site>(SectionKind::sites);
  recording.contention = section_start<wire::ContentionSlot>(SectionKind::contention);
  recording.modules = section_start<wire::ModuleSlot>(SectionKind::modules);
  recording.fibers = section_start<wire::FiberSlot>(SectionKind::fibers);
  recording.strings = section_start<char>(SectionKind::strings);
}

const char* find_environment(const char* const* environment, const char* name) {
  const size_t n = length(name);
  for (; environment != nullptr && *environment != nullptr; ++environment)
    if (starts_with(*environment, name) && (*environment)[n] == '=') return *environment + n + 1;
  return nullptr;
}

// The largest plan that fits a file and leaves the target nearly all of its address space.
uint32_t first_level(uint32_t rings) {
  const uint64_t file = file_size_limit(), space = limit_of(RLIMIT_AS) / 8;
  uint32_t level = 0;
  for (; level < kLevels - 1; ++level) {
    const uint64_t total = make_plan(level, rings).total;
    if (total < file && total <= space) break;
  }
  return level;
}

}  // namespace

const char* given_options() {
  return recording.header->options + own_options_bytes;
}

bool open_recording(const char* const* environment, const char* own_options) {
  const char* text = find_environment(environment, "TRACK_OPTIONS");
  read_options(options, own_options);
  add_options(options, text);
  const uint32_t rings = online_cpus();
  for (uint32_t level = first_level(rings); level < kLevels; ++level) {
    const Plan plan = make_plan(level, rings);
    // A file beyond RLIMIT_FSIZE would be a signal to the target: then memory without a file.
    const int fd = plan.total < file_size_limit()
                       ? create_recording_file(find_environment(environment, "XDG_RUNTIME_DIR"),
                                               plan.total, recording.path, sizeof recording.path)
                       : -1;
    const bool mapped = map_plan(plan, fd);
    if (fd >= 0) sys::call(SYS_close, fd);
    if (mapped && reserve(recording.base, wire::kHeaderBytes)) {
      write_header(own_options, text, plan);
      find_sections();
      write_magic();
      sys::call(SYS_madvise, sys::as_long(&wiped_in_children), sizeof wiped_in_children,
                MADV_WIPEONFORK);
      wiped_in_children.ours.store(true, std::memory_order_relaxed);
      start_family();
      return true;
    }
    if (mapped) sys::unmap(recording.base, recording.bytes);
    remove_recording();
  }
  recording.base = nullptr;
  return false;
}

bool recording_wanted() {
  return options.keep || options.reader != 0;
}

void remove_recording() {
  if (recording.path[0] == 0) return;
  sys::call(SYS_unlinkat, AT_FDCWD, sys::as_long(recording.path), 0);
  recording.path[0] = 0;
}

void let_locks_go_unseen() {
  for (auto* seen : {&wiped_in_children.plain_locks, &wiped_in_children.recorded_locks,
                     &wiped_in_children.silent_locks})
    seen->store(false);
}

std::atomic<uint64_t>& section_used(SectionKind kind) {
  return recording.header->sections[static_cast<uint32_t>(kind)].used;
}

bool populate(const void* at, size_t bytes) {
  return sys::call(SYS_madvise, sys::as_long(at), static_cast<long>(bytes), MADV_POPULATE_WRITE) ==
         0;
}

bool reserve_slow(const void* at, size_t bytes) {
  const auto start = reinterpret_cast<uint64_t>(at) & ~uint64_t{4095};
  const uint64_t end = page_up(reinterpret_cast<uint64_t>(at) + bytes);
  if (!populate(reinterpret_cast<const void*>(start), end - start)) {
    // The header's own page exists whenever a header does.
    if (recording.header != nullptr && reserved_pages[0] != 0) count(lost().memory);
    return false;
  }
  const uint64_t first = (start - reinterpret_cast<uint64_t>(recording.base)) >> 12;
  for (uint64_t i = 0; i < (end - start) >> 12; ++i)
    __atomic_store_n(&reserved_pages[first + i], 1, __ATOMIC_RELAXED);
  return true;
}

namespace {
// Ours, as Header::later_ticks, which lies where nothing else of a wait does.
TRACK_HOT std::atomic<uint64_t> refreshed_ticks{0};
}  // namespace

TRACK_HOT_CODE void refresh_clock(uint64_t now_ticks) {
  if (now_ticks - refreshed_ticks.load(std::memory_order_relaxed) < (1u << 28)) return;
  refreshed_ticks.store(now_ticks, std::memory_order_relaxed);
  wire::Header& h = *recording.header;
  h.later_monotonic_ns.store(sys::monotonic_ns(), std::memory_order_relaxed);
  h.later_ticks.store(now_ticks, std::memory_order_release);
  tell_unrecorded_processes();
}

}  // namespace track::core
