#include "libtrack/capture/told_fibers.h"

#include <ucontext.h>

#include <atomic>
#include <cstddef>

#include "libtrack/capture/fibers.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/wire/option_limits.h"

namespace track::capture {
namespace {

using core::fiber_slot;
using core::this_thread;
using wire::FiberSlot;
using wire::FiberState;

// The part of a ucontext that readers look at. REG_R12 is the first of those a call preserves,
// REG_RIP the last.
struct SavedContext {
  uint64_t words[REG_RIP - REG_R12 + 1];
  uint64_t& at(int reg) { return words[reg - REG_R12]; }
};
constexpr uint64_t kBeforeWords = offsetof(ucontext_t, uc_mcontext.gregs) + REG_R12 * 8;

// By slot, made as fibers are first suspended in them; our own memory, which is no root.
constexpr uint32_t kChunk = 256;
std::atomic<SavedContext*> chunks[(wire::kMostFibers + 64) / kChunk + 1];

SavedContext* context_of(uint32_t fiber) {
  const uint32_t chunk = (fiber - 1) / kChunk;
  if (chunk >= sizeof chunks / sizeof chunks[0]) return nullptr;
  SavedContext* contexts = chunks[chunk].load(std::memory_order_acquire);
  if (__builtin_expect(contexts == nullptr, 0)) {
    auto* fresh = static_cast<SavedContext*>(core::allocate(kChunk * sizeof(SavedContext)));
    if (fresh == nullptr) return nullptr;
    // Two at once: one chunk is wasted, once.
    if (chunks[chunk].compare_exchange_strong(contexts, fresh, std::memory_order_acq_rel))
      contexts = fresh;
  }
  return contexts + (fiber - 1) % kChunk;
}

// The slot's index + 1, if the handle's fiber is still there; else 0.
uint32_t slot_of(uint64_t handle) {
  const auto fiber = static_cast<uint32_t>(handle);
  if (fiber == 0 || fiber > core::section_capacity<FiberSlot>(wire::SectionKind::fibers) ||
      !core::any_fibers.load(std::memory_order_relaxed))
    return 0;
  const FiberSlot& slot = fiber_slot(fiber);
  return slot.state.load(std::memory_order_acquire) != FiberState::free &&
                 slot.task == static_cast<uint32_t>(handle >> 32)
             ? fiber
             : 0;
}

}  // namespace

uint64_t told_fiber_created(uint64_t stack_low, uint64_t stack_high, uint64_t entry,
                            const core::Registers& registers) {
  const uint32_t fiber =
      prepared_fiber(wire::FiberSort::ucontext, stack_low, stack_high, entry, registers);
  return fiber == 0 ? 0 : uint64_t{fiber_slot(fiber).task} << 32 | fiber;
}

void told_fiber_switching(uint64_t to, const CallersRegisters& saved) {
  if (!core::any_fibers.load(std::memory_order_relaxed) || !core::may_record()) return;
  const auto sp = reinterpret_cast<uint64_t>(&saved + 1);
  uint64_t context = 0;
  if (const uint32_t from = core::fiber_at(sp))
    if (SavedContext* kept = context_of(from)) {
      kept->at(REG_RBX) = saved.rbx;
      kept->at(REG_RBP) = saved.rbp;
      kept->at(REG_R12) = saved.r12;
      kept->at(REG_R13) = saved.r13;
      kept->at(REG_R14) = saved.r14;
      kept->at(REG_R15) = saved.r15;
      kept->at(REG_RSP) = sp;
      kept->at(REG_RIP) = saved.return_address;
      context = reinterpret_cast<uint64_t>(kept) - kBeforeWords;
    }
  const uint32_t target = slot_of(to);
  switching_fiber(sp, context, target == 0 ? 0 : fiber_slot(target).stack_low);
}

void told_fiber_destroyed(uint64_t handle) {
  if (!core::recording_is_ours() || core::inside_tracker()) return;
  core::BusyScope busy;
  const uint32_t fiber = slot_of(handle);
  if (fiber == 0) return;
  core::release_fiber(fiber);
  if (this_thread.fiber == fiber) this_thread.fiber = 0;
}

}  // namespace track::capture
