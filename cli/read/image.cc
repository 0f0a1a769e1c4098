#include "cli/read/image.h"

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"
#include "libtrack/wire/contention.h"
#include "libtrack/wire/cpu.h"
#include "libtrack/wire/declared.h"
#include "libtrack/wire/holds.h"
#include "libtrack/wire/labels.h"
#include "libtrack/wire/mappings.h"
#include "libtrack/wire/order.h"
#include "libtrack/wire/ring.h"
#include "libtrack/wire/samples.h"
#include "libtrack/wire/scopes.h"
#include "libtrack/wire/stacks.h"
#include "libtrack/wire/told.h"

namespace track::read {
namespace {

using wire::SectionKind;

constexpr uint64_t kMostStackWords = uint64_t{32} << 20;

uint64_t entry_bytes(SectionKind kind) {
  switch (kind) {
    case SectionKind::threads:
      return sizeof(wire::ThreadSlot);
    case SectionKind::coroutines:
      return sizeof(wire::CoroutineSlot);
    case SectionKind::sites:
      return sizeof(wire::Site);
    case SectionKind::stack_index:
      return sizeof(wire::StackIndexEntry);
    case SectionKind::stack_bodies:
      return sizeof(uint64_t);
    case SectionKind::modules:
      return sizeof(wire::ModuleSlot);
    case SectionKind::strings:
      return 1;
    case SectionKind::rings:
      return wire::kRingStride;
    case SectionKind::fibers:
      return sizeof(wire::FiberSlot);
    case SectionKind::block_regions:
      return sizeof(wire::BlockRegion);
    case SectionKind::block_pages:
      return 1;
    case SectionKind::blocks:
      return sizeof(uint64_t);
    case SectionKind::heap_sites:
      return sizeof(wire::HeapSite);
    case SectionKind::samples:
      return sizeof(wire::Sample);
    case SectionKind::heap_deltas:
      return sizeof(wire::HeapDelta);
    case SectionKind::cpu_samples:
      return sizeof(wire::CpuSample);
    case SectionKind::thread_origins:
      return sizeof(wire::KeyCount);
    case SectionKind::contention:
      return sizeof(wire::ContentionSlot);
    case SectionKind::order_edges:
      return sizeof(wire::OrderSlot);
    case SectionKind::held_since:
      return sizeof(wire::HeldSince);
    case SectionKind::mappings:
      return sizeof(wire::Mapping);
    case SectionKind::told_coroutines:
      return sizeof(wire::ToldCoroutine);
    case SectionKind::told_places:
      return sizeof(wire::ToldPlace);
    case SectionKind::label_texts:
      return sizeof(wire::LabelText);
    case SectionKind::label_sets:
      return sizeof(wire::LabelSet);
    case SectionKind::told_threads:
      return sizeof(wire::ToldThread);
    case SectionKind::declared:
      return sizeof(wire::Declared);
    case SectionKind::scopes:
      return sizeof(wire::ScopeSlot);
    case SectionKind::pool_members:
      return sizeof(wire::PoolMember);
    case SectionKind::none:
      break;
  }
  return 0;  // a number that nothing uses
}

const char* section_name(SectionKind kind) {
  switch (kind) {
    case SectionKind::threads:
      return "threads";
    case SectionKind::coroutines:
      return "coroutines";
    case SectionKind::sites:
      return "sites";
    case SectionKind::stack_index:
      return "stacks";
    case SectionKind::stack_bodies:
      return "stack bodies";
    case SectionKind::modules:
      return "modules";
    case SectionKind::strings:
      return "strings";
    case SectionKind::rings:
      return "rings";
    case SectionKind::fibers:
      return "fibers";
    case SectionKind::block_regions:
      return "block regions";
    case SectionKind::block_pages:
      return "block pages";
    case SectionKind::blocks:
      return "blocks";
    case SectionKind::heap_sites:
      return "heap sites";
    case SectionKind::samples:
      return "samples";
    case SectionKind::heap_deltas:
      return "heap deltas";
    case SectionKind::cpu_samples:
      return "CPU samples";
    case SectionKind::thread_origins:
      return "creators of threads";
    case SectionKind::contention:
      return "contention";
    case SectionKind::order_edges:
      return "lock orders";
    case SectionKind::held_since:
      return "times of holds";
    case SectionKind::mappings:
      return "mappings";
    case SectionKind::told_coroutines:
      return "told coroutines";
    case SectionKind::told_places:
      return "told places";
    case SectionKind::label_texts:
      return "texts of labels";
    case SectionKind::label_sets:
      return "label sets";
    case SectionKind::told_threads:
      return "told threads";
    case SectionKind::declared:
      return "declared objects";
    case SectionKind::scopes:
      return "scopes";
    case SectionKind::pool_members:
      return "members of pools";
    case SectionKind::none:
      break;
  }
  return "unknown";
}

// What this machine can add to the recording's own clock pairs: if it has not been restarted since,
// its pair of now is the farthest, and so the most exact one. Not restarted: the process lives, or
// the machine's start, by both clocks, is where it was; somebody may have set the clock since.
ClockPair second_pair(const wire::Header& h, bool live) {
  const ClockPair now =
      live ? clock_pair_of({h.start_monotonic_ns, h.start_ticks}, h.start_realtime_ns)
           : clock_pair_now();
  const bool later_than_start = now.ticks > h.start_ticks && now.ns > h.start_monotonic_ns;
  if (live && later_than_start) return now;
  const uint64_t realtime = realtime_now_ns();
  const uint64_t boot_then = h.start_realtime_ns - h.start_monotonic_ns;
  const uint64_t boot_now = realtime - now.ns;
  const uint64_t apart = boot_then > boot_now ? boot_then - boot_now : boot_now - boot_then;
  if (apart < 5'000'000'000u && later_than_start) return now;
  ClockPair later;
  later.ticks = h.later_ticks.load(std::memory_order_acquire);
  later.ns = h.later_monotonic_ns.load(std::memory_order_relaxed);
  return later;
}

Copy<wire::Header> read_header(const Bytes& bytes, const std::string& source) {
  Copy<wire::Header> header;
  if (bytes.read(0, header.bytes.data(), sizeof(wire::Header))) return header;
  char magic[sizeof wire::kMagic] = {};
  if (bytes.read(0, magic, sizeof magic) && std::memcmp(magic, wire::kMagic, sizeof magic) != 0)
    throw Error(source + " is not a libtrack recording");
  throw Error(source + " is too short for a recording (" + std::to_string(bytes.size()) +
              " bytes); it was cut off or is something else");
}

}  // namespace

std::string clean_text(const char* text, size_t capacity) {
  std::string result(text, strnlen(text, capacity));
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return result;
}

Image::Image(const Bytes& bytes, const std::string& source, bool live, Trace& trace)
    : bytes_(bytes),
      trace_(trace),
      header_(read_header(bytes, source)),
      now_ns_(live ? second_pair(*header_, true).ns : ~uint64_t{0} >> 1),
      clock_({header_->start_monotonic_ns, header_->start_ticks}, second_pair(*header_, live),
             now_ns_) {
  check_header(source);
  find_sections();
  trace_.stacks.emplace_back();
  trace_.functions.emplace_back();
  trace_.label_sets.emplace_back();
}

void Image::check_header(const std::string& source) const {
  const wire::Header& h = *header_;
  const char zeros[sizeof h.magic] = {};
  if (std::memcmp(h.magic, zeros, sizeof zeros) == 0 && h.version == wire::kVersion)
    throw Error(source + " is only just being written; try again");
  if (std::memcmp(h.magic, wire::kMagic, sizeof wire::kMagic) != 0)
    throw Error(source + " is not a libtrack recording");
  if (h.version != wire::kVersion)
    throw Error(source + " is a recording of format version " + std::to_string(h.version) +
                "; this track reads version " + std::to_string(wire::kVersion) +
                ": use the track that came with the libtrack.so that wrote it");
}

void Image::find_sections() {
  const wire::Header& h = *header_;
  if (h.file_bytes > bytes_.size())
    warn("the recording is cut short: " + std::to_string(bytes_.size()) + " of " +
         std::to_string(h.file_bytes) + " bytes are there");
  for (uint32_t i = 1; i < wire::kSectionCount; ++i) {
    const wire::Section& s = h.sections[i];
    const auto kind = static_cast<SectionKind>(i);
    const uint64_t entry = entry_bytes(kind);
    if (entry == 0) continue;
    const std::string name = section_name(kind);
    if (s.kind != kind || s.entry_bytes != entry) {
      warn("the " + name + " section is damaged: its directory entry makes no sense");
      continue;
    }
    if (s.offset > bytes_.size()) {
      if (s.bytes != 0) warn("the " + name + " section lies beyond the end of the file");
      continue;
    }
    const uint64_t room = bytes_.size() - s.offset;
    if (s.bytes > room) warn("the " + name + " section is cut short");
    SectionView& view = sections_[i];
    view.offset = s.offset;
    view.capacity = std::min(s.bytes, room) / entry;
    const uint64_t used = s.used.load(std::memory_order_acquire);
    if (used > s.bytes / entry && kind != SectionKind::stack_bodies)
      warn("the " + name + " section claims more entries than it has room for");
    view.used = std::min(used, view.capacity);
  }
}

uint64_t Image::to_ns(uint64_t ticks) {
  const uint64_t ns = clock_.to_ns(ticks);
  latest_ns_ = std::max(latest_ns_, ns);
  return ns;
}

StackIndex Image::stack(uint32_t reference, uint32_t labels) {
  if (reference == 0) return 0;
  const auto [known, fresh] = stacks_.try_emplace(uint64_t{labels} << 32 | reference, 0);
  if (!fresh) return known->second;
  const SectionView& index = section(SectionKind::stack_index);
  const SectionView& bodies = section(SectionKind::stack_bodies);
  Copy<wire::StackIndexEntry> entry;
  if (reference >= index.capacity ||
      !bytes_.read(index.offset + reference * sizeof(wire::StackIndexEntry), entry.bytes.data(),
                   sizeof(wire::StackIndexEntry))) {
    if (!stacks_warned_) warn("a stack reference points outside the stack table");
    stacks_warned_ = true;
    return 0;
  }
  const uint64_t body = entry->body.load(std::memory_order_acquire);
  const uint64_t at = wire::stack_body_offset(body);
  const uint32_t depth = wire::stack_body_depth(body);
  if (body == 0 || depth == 0) return 0;
  if (at > bodies.capacity || depth > bodies.capacity - at ||
      stack_words_ + depth > kMostStackWords) {
    if (!stacks_warned_) warn("a stack lies outside its section, or stacks overlap beyond reason");
    stacks_warned_ = true;
    return 0;
  }
  Stack stack;
  stack.addresses.resize(depth);
  if (!bytes_.read(bodies.offset + at * 8, stack.addresses.data(), uint64_t{depth} * 8)) return 0;
  std::reverse(stack.addresses.begin(), stack.addresses.end());
  if (const auto mark = std::find(stack.addresses.begin(), stack.addresses.end(), wire::kAwaitedBy);
      mark != stack.addresses.end()) {
    stack.awaiters_from = static_cast<uint32_t>(mark - stack.addresses.begin());
    stack.addresses.erase(mark);
  }
  stack.generation = entry->generation;
  stack.labels = labels;
  stack.truncated = (wire::stack_body_flags(body) & wire::kStackTruncated) != 0;
  stack_words_ += depth;
  trace_.stacks.push_back(std::move(stack));
  known->second = static_cast<StackIndex>(trace_.stacks.size() - 1);
  return known->second;
}

ToldWait told_wait(uint64_t word) {
  ToldWait wait;
  const auto kind = static_cast<uint32_t>(word >> wire::kToldKindShift);
  if (word == 0) return wait;
  const uint32_t sort = kind & (wire::kToldTimed - 1);
  constexpr auto kOther = static_cast<uint32_t>(wire::ToldWaitKind::other);
  wait.kind = static_cast<WaitKind>(static_cast<uint32_t>(WaitKind::told_lock) - 1 +
                                    (sort == 0 || sort > kOther ? kOther : sort));
  wait.timed = (kind & wire::kToldTimed) != 0;
  wait.object = word & ((uint64_t{1} << wire::kToldKindShift) - 1);
  return wait;
}

ToldWait Image::told_wait(const wire::ToldWait& from) {
  ToldWait wait = read::told_wait(from.object.load(std::memory_order_acquire));
  if (wait.kind == WaitKind::none) return wait;
  const uint64_t since = from.since_ticks.load(std::memory_order_relaxed);
  wait.since_ns = to_ns(since);
  wait.sequence = static_cast<uint32_t>(since >> 4);
  wait.at = one_frame(from.caller.load(std::memory_order_relaxed));
  return wait;
}

StackIndex Image::one_frame(uint64_t address) {
  const auto [known, fresh] = frames_.try_emplace(address, 0);
  if (!fresh) return known->second;
  Stack stack;
  stack.addresses = {address};
  stack.truncated = true;
  trace_.stacks.push_back(std::move(stack));
  return known->second = static_cast<StackIndex>(trace_.stacks.size() - 1);
}

}  // namespace track::read
