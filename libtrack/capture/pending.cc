#include "libtrack/capture/pending.h"

#include "libtrack/core/memory.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

constexpr uint32_t kPlaces = 4;

struct PendingPlaces {
  uint64_t pool_link;
  uint32_t next;
  PendingBlock blocks[kPlaces];
};

constinit core::BlockPool places_pool{sizeof(PendingPlaces)};
thread_local PendingPlaces* places __attribute__((tls_model("initial-exec")));

}  // namespace

PendingBlock* next_pending() {
  if (places == nullptr) {
    places = static_cast<PendingPlaces*>(places_pool.take());
    if (places == nullptr) return nullptr;
    places->next = 0;
    for (auto& block : places->blocks) block.address = 0;
  }
  core::this_thread.pending = true;
  return &places->blocks[places->next++ % kPlaces];
}

void capture_pending(PendingBlock& pending, const core::Registers& registers) {
  constexpr unsigned kMost = sizeof pending.frames / 8;
  const uint64_t high = core::stack_high_of(registers.sp);
  const unsigned n = core::unwind(registers, high, pending.frames, kMost, &pending.truncated);
  for (unsigned i = 0; i < n / 2; ++i) {
    const uint64_t leafward = pending.frames[i];
    pending.frames[i] = pending.frames[n - 1 - i];
    pending.frames[n - 1 - i] = leafward;
  }
  pending.depth = static_cast<uint16_t>(n);
  pending.hash = core::hash_frames(pending.frames, n, core::stack_salt());
}

void for_each_pending(void (*look)(PendingBlock&)) {
  if (!any_pending()) return;
  for (auto& block : places->blocks)
    if (block.address != 0) look(block);
  core::this_thread.pending = false;
}

void drop_pending() {
  if (places == nullptr) return;
  PendingPlaces* block = places;
  places = nullptr;
  core::this_thread.pending = false;
  places_pool.give(block);
}

}  // namespace track::capture
