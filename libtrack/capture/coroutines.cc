#include "libtrack/capture/coroutines.h"

#include <signal.h>

#include "libtrack/capture/fibers.h"
#include "libtrack/capture/frame_heads.h"
#include "libtrack/capture/pending.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/modules.h"
#include "libtrack/core/options.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/told_coroutines.h"

namespace track::capture {

std::atomic<uint64_t> site_cache[1u << kSiteCacheBits];

namespace {

using core::recording;
using core::this_thread;
using wire::CoroutineSlot;
using wire::Site;
using wire::SiteState;

constexpr uint16_t kLookAgain = 1024;  // allocations between second looks at frameless sites
constexpr uint32_t kEnoughLooks = 4;
constexpr uint32_t kEnoughUnclear = 4096;  // blocks that may be frames that are done
constexpr unsigned kSplitLevels = 3;  // callers up, to tell the users of a shared allocator apart

constexpr uint32_t kNoSite = UINT32_MAX;

// First in a small part of the table, then in all of it: the sites of a small program lie on a few
// pages (see core/stacks.cc).
uint32_t find_site(uint64_t return_address) {
  struct Part {
    uint32_t sites, probes;
  };
  constexpr Part kParts[] = {{512, 8}, {wire::kSiteCapacity, 64}};
  const auto hash = static_cast<uint32_t>((return_address * 0x9E3779B97F4A7C15u) >> 40);
  for (const Part& part : kParts) {
    uint32_t at = hash % part.sites;
    for (uint32_t probe = 0; probe < part.probes; ++probe, at = (at + 1) % part.sites) {
      Site& site = recording.sites[at];
      if (!core::reserve(&site, sizeof site)) return kNoSite;
      uint64_t there = site.return_address.load(std::memory_order_relaxed);
      if (there == 0 && site.return_address.compare_exchange_strong(there, return_address)) {
        site.generation.store(core::unwind_generation(), std::memory_order_relaxed);
        return at;
      }
      if (there == return_address) return at;
    }
  }
  return kNoSite;
}

void remember_state(uint32_t index) {
  const Site& site = recording.sites[index];
  const uint64_t address = site.return_address.load(std::memory_order_relaxed);
  const auto state = static_cast<uint64_t>(site.state.load(std::memory_order_relaxed));
  site_cache[site_cache_index(address)].store(address << 16 | state << 14 | index,
                                              std::memory_order_relaxed);
}

struct KnownSite {
  uint32_t index;  // kNoSite: there is no room for more
  SiteState state;
};

// Without a look at the table where the cache has it.
KnownSite known_site(uint64_t return_address) {
  const uint64_t word = site_word(return_address);
  if (word >> 16 == return_address)
    return {static_cast<uint32_t>(word) & (wire::kSiteCapacity - 1),
            static_cast<SiteState>(word >> 14 & 3)};
  const uint32_t index = find_site(return_address);
  if (index == kNoSite) return {kNoSite, SiteState::unknown};
  remember_state(index);
  return {index, recording.sites[index].state.load(std::memory_order_relaxed)};
}

// The nearest caller by which the users of a shared allocator can be told apart; most by the first.
KnownSite split_site(KnownSite site, const core::Registers& registers) {
  uint64_t callers[kSplitLevels + 1];
  bool truncated;
  unsigned known = 0;
  for (unsigned level = 1; level <= kSplitLevels && site.state == SiteState::mixed; ++level) {
    if (level >= known) {
      const unsigned wanted = level == 1 ? 2 : kSplitLevels + 1;
      known =
          core::unwind(registers, core::stack_high_of(registers.sp), callers, wanted, &truncated);
      if (level >= known) break;
    }
    const KnownSite upper = known_site(callers[level]);
    if (upper.index == kNoSite) break;
    site = upper;
  }
  return site;
}

void learn(uint32_t index, HeadKind kind, const uint64_t* head) {
  Site& site = recording.sites[index];
  if (kind == HeadKind::written_into) return;
  auto& seen = kind == HeadKind::frame           ? site.frames_seen
               : kind == HeadKind::done_or_other ? site.unclear_seen
                                                 : site.others_seen;
  seen.fetch_add(1, std::memory_order_relaxed);
  if (kind == HeadKind::frame && site.resume.load(std::memory_order_relaxed) == 0) {
    site.resume.store(head[0], std::memory_order_relaxed);
    site.destroy.store(head[1], std::memory_order_relaxed);
  }
  const uint32_t frames = site.frames_seen.load(std::memory_order_relaxed);
  const uint32_t others = site.others_seen.load(std::memory_order_relaxed);
  const uint32_t unclear = site.unclear_seen.load(std::memory_order_relaxed);
  const bool enough = others >= kEnoughLooks || unclear >= kEnoughUnclear;
  const SiteState state = frames != 0
                              ? others + unclear != 0 ? SiteState::mixed : SiteState::coroutine
                          : enough ? SiteState::never
                                   : SiteState::unknown;
  site.state.store(state, std::memory_order_relaxed);
  remember_state(index);
}

// The first two words of a live block. One that begins a page may be a fiber's stack whose first
// page its owner has made inaccessible.
struct Head {
  uint64_t words[2] = {};
  explicit Head(uint64_t block) {
    if (__builtin_expect((block & 4095) != 0, 1))
      __builtin_memcpy(words, reinterpret_cast<const void*>(block), sizeof words);
    else
      sys::read_own_memory(reinterpret_cast<const void*>(block), words, sizeof words);
  }
};

void settle(const PendingBlock& pending) {
  const uint32_t site = pending.site;
  core::with_block(pending.address, [&](CoroutineSlot& slot) {
    if (__atomic_load_n(&slot.created_ticks, __ATOMIC_RELAXED) != pending.ticks)
      return true;  // freed and used again meanwhile
    const Head head(pending.address);
    const HeadKind kind = kind_of_head(head.words);
    learn(site, kind, head.words);
    if (kind < HeadKind::done_or_other) return false;  // `track` will know more of that one
    slot.stack = core::intern_stack(pending.hash, pending.frames, pending.depth, pending.truncated);
    core::mark_frame_seen(slot);
    count_coroutine_created();
    return true;
  });
}

void settle_all() {
  core::BusyScope busy;
  for_each_pending([](PendingBlock& pending) {
    settle(pending);
    pending.address = 0;
  });
}

uint32_t labels_in_site() {
  return (core::current_labels() & wire::kSiteLabelMask) << wire::kSiteLabelShift;
}

void record_candidate(void* block, size_t bytes, uint32_t site, const core::Registers& registers) {
  PendingBlock* pending = next_pending();
  if (pending == nullptr) return;
  // All of them: a site shared by frames and other blocks is to be known as such at once.
  if (pending->address != 0) {
    settle_all();
    pending = next_pending();
  }
  capture_pending(*pending, registers);
  pending->site = site;
  pending->ticks = sys::ticks();
  if (core::insert_block(reinterpret_cast<uint64_t>(block), static_cast<uint32_t>(bytes),
                         site | labels_in_site(), 0, pending->ticks, this_thread.task) != nullptr)
    pending->address = reinterpret_cast<uint64_t>(block);
}

}  // namespace

void count_coroutine_created() {
  if (wire::ThreadSlot* slot = this_thread.slot)
    slot->coroutines_created.store(slot->coroutines_created.load(std::memory_order_relaxed) + 1,
                                   std::memory_order_relaxed);
}

void count_coroutine_destroyed() {
  wire::ThreadSlot* slot = this_thread.slot;
  if (slot == nullptr || this_thread.gone)
    return core::count(core::counters().coroutines_destroyed_by_gone);
  slot->coroutines_destroyed.store(slot->coroutines_destroyed.load(std::memory_order_relaxed) + 1,
                                   std::memory_order_relaxed);
}

void start_coroutines() {
  if (!core::options.coroutines) return;
  core::section_used(wire::SectionKind::sites)
      .store(wire::kSiteCapacity, std::memory_order_relaxed);
  core::at_thread_end = [] {
    settle_pending();
    drop_pending();
  };
}

void restart_coroutines_after_fork(bool keep) {
  core::restart_coroutine_table_after_fork(keep);
  core::restart_told_after_fork(keep);
  if (!keep) core::forget_fibers_after_fork();
}

// read, nanosleep and their like may be left by siglongjmp at any instruction, and an entry's lock
// would stay behind: no signal while it is held. The kernel's own call, because libc's drops two.
TRACK_HOT_CODE void settle_pending() {
  if (!any_pending() || !core::recording_is_ours()) return;
  uint64_t all = ~uint64_t{0}, before = 0;
  const bool masked = sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::as_long(&all),
                                sys::as_long(&before), sizeof all) == 0;
  settle_all();
  if (masked) sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::as_long(&before), 0, sizeof before);
}

TRACK_HOT_CODE void allocated_frame(void* block, size_t bytes, uint32_t site,
                                    const core::Registers& registers) {
  if (this_thread.slot == nullptr && core::adopt_thread() == nullptr) return;
  core::BusyScope busy;
  // The block may come from another processor, and with it what is said about it.
  __builtin_prefetch(core::find_frame_cell(reinterpret_cast<uint64_t>(block)), 1);
  const uint32_t stack = core::capture_stack(registers);
  core::insert_block(reinterpret_cast<uint64_t>(block), static_cast<uint32_t>(bytes),
                     site | labels_in_site() | wire::kFrameSeen, stack, sys::ticks(),
                     this_thread.task);
  count_coroutine_created();
}

void allocated_slow(void* block, size_t bytes, uint64_t return_address,
                    const core::Registers& registers) {
  const bool second_look = this_thread.allocations == 0;
  if (second_look) this_thread.allocations = kLookAgain;
  if (!core::options.coroutines || core::current_slot() == nullptr) return;
  core::BusyScope busy;
  KnownSite site = known_site(return_address);
  if (site.state == SiteState::mixed) site = split_site(site, registers);
  if (site.index == kNoSite) return;
  if (site.state == SiteState::coroutine) {
    allocated_frame(block, bytes, site.index, registers);
  } else if (site.state != SiteState::never || second_look) {
    record_candidate(block, bytes, site.index, registers);
  }
}

// Somebody may free any of them meanwhile.
uint64_t frames_held(const CoroutineSlot* const* slots, unsigned count) {
  struct Words {
    uint64_t word[2];
  } heads[kMostAtOnce] = {};
  sys::Piece from[kMostAtOnce], to[kMostAtOnce];
  for (unsigned i = 0; i < count; ++i) {
    const uint64_t address = slots[i]->address.load(std::memory_order_acquire);
    from[i] = {reinterpret_cast<const void*>(address), address == 0 ? 0 : sizeof(Words)};
    to[i] = {&heads[i], from[i].bytes};
  }
  for (unsigned done = 0; done < count; ++done) {  // past the one that cannot be read
    size_t bytes = sys::read_own_pieces(from + done, to + done, count - done);
    for (; done < count && bytes >= from[done].bytes; ++done) bytes -= from[done].bytes;
  }
  uint64_t result = 0;
  for (unsigned i = 0; i < count; ++i)
    if (from[i].bytes != 0 && kind_of_head(heads[i].word) == HeadKind::frame &&
        slots[i]->address.load(std::memory_order_acquire) ==
            reinterpret_cast<uint64_t>(from[i].base))
      result |= uint64_t{1} << i;
  return result;
}

void freeing_slow(void* block) {
  if (!core::recording_is_ours() || core::inside_tracker()) return;
  core::BusyScope busy;
  if (core::any_fibers.load(std::memory_order_relaxed))
    stack_freed(reinterpret_cast<uint64_t>(block));
  core::with_block(reinterpret_cast<uint64_t>(block), [&](CoroutineSlot& slot) {
    const uint32_t index = slot.site & wire::kSiteMask;
    const Site& site = recording.sites[index];
    const Head head(reinterpret_cast<uint64_t>(block));
    if ((slot.site & wire::kFrameSeen) != 0) {
      // A frame keeps its destroy pointer to the end: anything else means the site is shared.
      if (head.words[1] != site.destroy.load(std::memory_order_relaxed) &&
          !is_code_still(head.words[1]))
        learn(index, HeadKind::none, head.words);
      count_coroutine_destroyed();
    } else {
      const HeadKind kind = kind_of_head(head.words);
      learn(index, kind, head.words);
      if (kind == HeadKind::frame) core::count(core::counters().untracked_coroutines);
    }
    return false;
  });
}

}  // namespace track::capture
