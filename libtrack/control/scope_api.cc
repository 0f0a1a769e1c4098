// The bodies of include/track/abi.h: scopes.
#include "libtrack/capture/coroutines.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/scopes.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/unwind.h"
#include "libtrack/include/track/track.h"
#include "libtrack/wire/told.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

namespace {

namespace core = track::core;
namespace wire = track::wire;
using core::recording;
using wire::SectionKind;

// Most tasks have the set of the one before.
class Within {
 public:
  explicit Within(uint32_t scope) : scope_(scope) {}
  bool operator()(uint32_t labels) {
    if (labels == 0) return false;
    if (labels != known_) {
      known_ = labels;
      within_ = core::is_within_scope(core::scope_of_labels(labels), scope_);
    }
    return within_;
  }

 private:
  uint32_t scope_;
  uint32_t known_ = 0;
  bool within_ = false;
};

// Of a coroutine its memory is asked, which costs more than its labels.
uint64_t live_in(uint32_t scope) {
  Within within(scope);
  uint64_t live = 0;
  const uint64_t threads = core::entries_used<wire::ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < threads; ++i) {
    const wire::ThreadSlot& slot = recording.threads[i];
    const wire::ThreadState state = slot.state.load(std::memory_order_acquire);
    live += state != wire::ThreadState::free && state != wire::ThreadState::ended &&
            within(__atomic_load_n(&slot.created_labels, __ATOMIC_RELAXED));
  }
  const uint64_t fibers = core::entries_used<wire::FiberSlot>(SectionKind::fibers);
  for (uint64_t i = 0; i < fibers; ++i)
    live += recording.fibers[i].state.load(std::memory_order_acquire) != wire::FiberState::free &&
            within(__atomic_load_n(&recording.fibers[i].created_labels, __ATOMIC_RELAXED));
  const uint64_t frames = core::entries_used<wire::CoroutineSlot>(SectionKind::coroutines);
  for (uint64_t i = 0; i < frames; ++i) {
    const wire::CoroutineSlot& slot = recording.coroutines[i];
    if (slot.address.load(std::memory_order_acquire) == 0) continue;
    const uint32_t site = __atomic_load_n(&slot.site, __ATOMIC_RELAXED);
    live += within(site >> wire::kSiteLabelShift & wire::kSiteLabelMask) &&
            track::capture::holds_frame(slot);
  }
  const auto* told = core::section_start<wire::ToldCoroutine>(SectionKind::told_coroutines);
  const uint64_t told_used = core::entries_used<wire::ToldCoroutine>(SectionKind::told_coroutines);
  // Those in the other table were counted there.
  for (uint64_t i = 0; i < told_used; ++i)
    live += told[i].frame.load(std::memory_order_acquire) != 0 &&
            told[i].stack != wire::kToldInTable &&
            within(__atomic_load_n(&told[i].labels, __ATOMIC_RELAXED));
  return live;
}

uint64_t live_in_scope(uint64_t scope) {
  core::BusyScope busy;
  const uint32_t slot = core::scope_slot(scope);
  return slot == 0 ? 0 : live_in(slot);
}

}  // namespace

TRACK_API uint64_t track_abi_scope_begin(const char* name) {
  if (core::current_slot() == nullptr) return 0;
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  const uint32_t stack = core::capture_stack(registers);
  core::BusyScope busy;
  return core::open_scope(name, stack);
}

TRACK_API int track_abi_scope_end(uint64_t scope) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  return core::end_scope(scope) ? 1 : 0;
}

// The end of a thread is told; coroutines and fibers are looked for again now and then.
TRACK_API uint64_t track_abi_scope_live(uint64_t scope, uint64_t settle_ns) {
  if (!core::recording_is_ours()) return 0;
  constexpr uint64_t kLook_ns = 5000000;
  const uint64_t start = track::sys::monotonic_ns();
  if (settle_ns != 0) core::scope_waiters.fetch_add(1, std::memory_order_seq_cst);
  uint64_t live;
  for (;;) {
    const uint32_t event = core::scope_event.load(std::memory_order_seq_cst);
    live = live_in_scope(scope);
    const uint64_t waited = track::sys::monotonic_ns() - start;
    if (live == 0 || waited >= settle_ns) break;
    const uint64_t left = settle_ns - waited;
    track::sys::futex_wait(&core::scope_event, event, left < kLook_ns ? left : kLook_ns);
  }
  if (settle_ns != 0) core::scope_waiters.fetch_sub(1, std::memory_order_seq_cst);
  return live;
}
