#include "libtrack/core/stacks.h"

#include "libtrack/core/modules.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/text.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/core/unwind.h"
#include "libtrack/wire/stacks.h"

namespace track::core {
namespace {

using wire::SectionKind;
using wire::StackIndexEntry;

// Where an entry may lie: some places in a small part of the table, then some in a larger one, then
// many in all the rest, which those two have not filled. So the few stacks of a small program lie
// on a few pages: each costs a fresh one at its first touch, and a fork child copies it. As entries
// never go, a full part stays full, and whoever looks for a stack finds it where another put it.
struct Part {
  uint64_t begin, end;
  uint32_t probes;
  uint32_t shift;  // which bits of the hash choose the place
};
constexpr Part kParts[] = {{1, 1024, 8, 44}, {1, 16384, 16, 32}, {16384, UINT64_MAX, 128, 20}};
constexpr uint64_t kReserveWords = 4096;  // 32 KiB of bodies at a time

StackIndexEntry* entries;
uint64_t entry_count;
uint64_t* bodies;
uint64_t body_words;

// Writes the body and publishes it; the entry stays without a body when there is no room.
void write_body(StackIndexEntry& entry, const uint64_t* frames, uint32_t depth, bool truncated,
                uint32_t noted) {
  auto& used = section_used(SectionKind::stack_bodies);
  const uint64_t at = used.fetch_add(depth, std::memory_order_relaxed);
  const uint64_t ahead = at + depth + kReserveWords <= body_words ? kReserveWords : 0;
  if (at > body_words || depth > body_words - at || !reserve(bodies + at, (depth + ahead) * 8)) {
    count(lost().stacks);
    return;
  }
  copy_bytes(bodies + at, frames, depth * 8);
  entry.generation = unwind_generation();
  for (uint32_t i = noted; i < depth; ++i) note_module_of(frames[i]);
  // Pairs with the reader's acquire load of `body`.
  entry.body.store(wire::pack_stack_body(at, depth, truncated ? wire::kStackTruncated : 0),
                   std::memory_order_release);
}

}  // namespace

void start_stacks() {
  entries = section_start<StackIndexEntry>(SectionKind::stack_index);
  entry_count = section_capacity<StackIndexEntry>(SectionKind::stack_index);
  bodies = section_start<uint64_t>(SectionKind::stack_bodies);
  body_words = section_capacity<uint64_t>(SectionKind::stack_bodies);
  section_used(SectionKind::stack_index).store(entry_count, std::memory_order_relaxed);
}

uint32_t intern_stack(uint64_t hash, const uint64_t* frames, uint32_t depth, bool truncated,
                      uint32_t noted) {
  if (depth == 0) return 0;
  if (__builtin_expect(this_thread.writing_stack != 0, 0)) count_unfinished_stack();
  for (const Part& part : kParts) {
    const uint64_t end = part.end < entry_count ? part.end : entry_count;
    const uint64_t begin = part.begin < end ? part.begin : 1;  // of a table that ends before it
    uint64_t at = (hash >> part.shift) % (end - begin) + begin;
    for (uint32_t probe = 0; probe < part.probes; ++probe) {
      StackIndexEntry& entry = entries[at];
      if (!reserve(&entry, sizeof entry)) break;
      uint64_t there = entry.hash.load(std::memory_order_acquire);
      if (there == 0) {
        this_thread.writing_stack = static_cast<uint32_t>(at);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        const bool mine =
            entry.hash.compare_exchange_strong(there, hash, std::memory_order_acq_rel);
        if (mine) write_body(entry, frames, depth, truncated, noted);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        this_thread.writing_stack = 0;
        if (mine) return static_cast<uint32_t>(at);
      }
      if (there == hash) return static_cast<uint32_t>(at);
      if (++at == end) at = begin;
    }
  }
  count(lost().stacks);
  return 0;
}

void restart_stacks_after_fork() {
  // The bodies' count was copied before the entries: what the parent's other threads interned
  // meanwhile, or had begun, lies where our own bodies come to lie.
  const uint64_t used = section_used(SectionKind::stack_bodies).load(std::memory_order_relaxed);
  const Place& index = place_of(SectionKind::stack_index);
  const uint64_t end = (index.offset + index.bytes) >> 12;
  for (uint64_t page = index.offset >> 12; (page = next_reserved_page(page, end)) < end; ++page) {
    constexpr uint64_t kEntry = sizeof(StackIndexEntry);
    const uint64_t from = (page << 12) - index.offset, to = from + 4096;
    // An entry whose end lies on a page that was never reserved was never written.
    for (uint64_t at = (from + kEntry - 1) / kEntry; at * kEntry < to && at < entry_count; ++at) {
      StackIndexEntry& entry = entries[at];
      if (entry.hash.load(std::memory_order_relaxed) == 0) continue;
      const uint64_t body = entry.body.load(std::memory_order_relaxed);
      const uint64_t body_end = wire::stack_body_offset(body) + wire::stack_body_depth(body);
      if (body != 0 && body_end <= used) continue;
      entry.body.store(0, std::memory_order_relaxed);
      entry.hash.store(0, std::memory_order_relaxed);
    }
  }
}

void count_unfinished_stack() {
  const uint32_t at = this_thread.writing_stack;
  if (at == 0) return;
  this_thread.writing_stack = 0;
  const StackIndexEntry& entry = entries[at];
  if (entry.hash.load(std::memory_order_relaxed) != 0 &&
      entry.body.load(std::memory_order_relaxed) == 0)
    count(lost().stacks);
}

InternedStack interned_stack(uint32_t reference) {
  if (reference == 0 || reference >= entry_count) return {nullptr, 0, true};
  const uint64_t body = entries[reference].body.load(std::memory_order_acquire);
  if (wire::stack_body_offset(body) + wire::stack_body_depth(body) > body_words)
    return {nullptr, 0, true};
  return {bodies + wire::stack_body_offset(body), wire::stack_body_depth(body),
          body == 0 || (wire::stack_body_flags(body) & wire::kStackTruncated) != 0};
}

}  // namespace track::core
