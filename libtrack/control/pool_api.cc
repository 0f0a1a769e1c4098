// The bodies of include/track/abi.h: who works for which pool, and when.
#include "libtrack/core/declared.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/recording.h"
#include "libtrack/include/track/pool.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

namespace core = track::core;
namespace wire = track::wire;

namespace {

// The running thread's place, if it is in a pool; else null.
wire::PoolMember* place_in_pool() {
  if (core::this_thread.slot == nullptr) return nullptr;
  wire::PoolMember* member = core::pool_member();
  return member != nullptr && member->pool.load(std::memory_order_relaxed) != 0 ? member : nullptr;
}

}  // namespace

TRACK_API int track_abi_pool_enter(const void* pool, const char* name) {
  if (pool == nullptr || core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  wire::PoolMember* member = core::pool_member();
  if (member == nullptr) return 0;
  const bool named = name != nullptr && *name != 0;
  const uint32_t text = named ? core::kept_text(name) : 0;
  member->pool.store(0, std::memory_order_release);
  member->jobs.store(0, std::memory_order_release);
  member->tells_jobs.store(0, std::memory_order_release);
  member->name.store(text, std::memory_order_release);
  member->pool.store(reinterpret_cast<uint64_t>(pool), std::memory_order_release);
  return !named || text != 0 ? 1 : 0;
}

// What ends is noted down also while nothing else may be recorded: it would seem to go on.
TRACK_API int track_abi_pool_leave() {
  if (!core::recording_is_ours()) return 0;
  core::BusyScope busy;
  wire::PoolMember* member = place_in_pool();
  if (member == nullptr) return 0;
  member->pool.store(0, std::memory_order_release);
  return 1;
}

TRACK_API void track_abi_pool_job_begin() {
  if (core::current_slot() == nullptr) return;
  core::BusyScope busy;
  wire::PoolMember* member = place_in_pool();
  if (member == nullptr) return;
  member->jobs.store(member->jobs.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  member->tells_jobs.store(1, std::memory_order_release);
}

TRACK_API void track_abi_pool_job_end() {
  if (!core::recording_is_ours()) return;
  core::BusyScope busy;
  wire::PoolMember* member = place_in_pool();
  if (member == nullptr) return;
  if (const uint32_t jobs = member->jobs.load(std::memory_order_relaxed); jobs != 0)
    member->jobs.store(jobs - 1, std::memory_order_release);
}
