#include "libtrack/capture/handoffs.h"

#include "libtrack/capture/births.h"
#include "libtrack/core/contention.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/sys.h"

namespace track::capture {
namespace {

using wire::ContentionRole;
using wire::WaitKind;

constexpr uint32_t kPlaces = 1024;
constexpr uint32_t kProbes = 4;

// Everything but the atomics belongs to whoever set `busy`.
struct alignas(64) Handoff {
  std::atomic<uint32_t> busy;
  std::atomic<uint32_t> spoilt;  // somebody could not leave: nobody is counted right
  std::atomic<uint64_t> object;
  uint64_t begun;  // sum of the instants since which each waiter is not charged
  uint64_t ticks;  // of the last unlock or wake
  std::atomic<uint32_t> waiters;
  uint32_t generation;                // counts the objects that had this place
  uint32_t stack;                     // of the last unlock or wake
  uint32_t task;                      // who did that
  uint64_t other_ticks;               // of the last one by another task
  std::atomic<uint64_t> doubt_ticks;  // until then one may be missing
};
static_assert(sizeof(Handoff) == 64);

std::atomic<Handoff*> table{nullptr};

Handoff* all() {
  Handoff* known = table.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* fresh = static_cast<Handoff*>(core::allocate(sizeof(Handoff) * kPlaces));
  if (fresh == nullptr) return nullptr;
  return table.compare_exchange_strong(known, fresh, std::memory_order_acq_rel) ? fresh : known;
}

Handoff& place_of(Handoff* places, uint64_t object, uint32_t probe) {
  const uint64_t hash = (object >> 3) * 0x9e3779b97f4a7c15u;
  return places[((hash >> 32) + probe) % kPlaces];
}

// What is done inside is a few stores, but the thread may be preempted, or this may be a handler
// that interrupted it: never waited for long.
bool take(Handoff& handoff, int attempts) {
  for (int i = 0; i < attempts; ++i) {
    uint32_t free = 0;
    if (handoff.busy.load(std::memory_order_relaxed) == 0 &&
        handoff.busy.compare_exchange_weak(free, 1, std::memory_order_acquire))
      return true;
    __builtin_ia32_pause();
  }
  return false;
}
void give(Handoff& handoff) {
  handoff.busy.store(0, std::memory_order_release);
}
constexpr int kShort = 50;
constexpr int kLong = 2000;

uint32_t waiters_of(const Handoff& handoff) {
  return handoff.waiters.load(std::memory_order_relaxed);
}

void reset(Handoff& handoff, uint64_t object) {
  const bool fresh = handoff.generation++ == 0;
  handoff.doubt_ticks.store(fresh ? 0 : sys::ticks(), std::memory_order_relaxed);
  handoff.other_ticks = 0;
  handoff.waiters.store(0, std::memory_order_relaxed);
  handoff.begun = 0;
  handoff.ticks = 0;
  handoff.stack = 0;
  handoff.task = 0;
  handoff.spoilt.store(0, std::memory_order_relaxed);
  handoff.object.store(object, std::memory_order_relaxed);
}

void set_last(Handoff& handoff, uint64_t now, uint32_t stack) {
  const uint32_t task = core::this_thread.task;
  if (handoff.task != task) handoff.other_ticks = handoff.ticks;
  handoff.ticks = now;
  handoff.stack = stack;
  handoff.task = task;
}

// Whose unlock or wake ended a wait; 0 = not known for sure. Whoever gets a mutex was let go on by
// the one before; of several that wake others, or let a reader-writer lock go, any could have been.
uint32_t ended_by(const Handoff& handoff, WaitKind kind, uint64_t since) {
  if (handoff.ticks < since || handoff.doubt_ticks.load(std::memory_order_relaxed) >= since)
    return 0;
  return kind == WaitKind::mutex || handoff.other_ticks < since ? handoff.task : 0;
}

// One that finds the place in use is not noted.
bool take_to_note(Handoff& handoff) {
  if (take(handoff, kShort)) return true;
  handoff.doubt_ticks.store(sys::ticks(), std::memory_order_relaxed);
  return false;
}

// The object's place, not taken; null = it has none.
Handoff* find(uint64_t object) {
  Handoff* places = table.load(std::memory_order_acquire);
  if (places == nullptr) return nullptr;
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Handoff& handoff = place_of(places, object, probe);
    if (handoff.object.load(std::memory_order_relaxed) == object) return &handoff;
  }
  return nullptr;
}

// The object's place, taken; null = every place it could have is in use, or busy.
Handoff* take_place(uint64_t object) {
  Handoff* places = all();
  if (places == nullptr) return nullptr;
  if (Handoff* known = find(object)) {
    if (!take_to_note(*known)) return nullptr;
    if (known->object.load(std::memory_order_relaxed) == object) {
      if (known->spoilt.load(std::memory_order_relaxed) != 0) reset(*known, object);
      return known;
    }
    give(*known);
  }
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Handoff& handoff = place_of(places, object, probe);
    if (!take(handoff, kShort)) continue;
    // Somebody else may have made it the object's place just now.
    if (handoff.object.load(std::memory_order_relaxed) == object) return &handoff;
    if (waiters_of(handoff) == 0 || handoff.spoilt.load(std::memory_order_relaxed) != 0) {
      reset(handoff, object);
      return &handoff;
    }
    give(handoff);
  }
  return nullptr;
}

void charge(WaitKind kind, uint64_t object, uint32_t stack, uint64_t waits, uint64_t ticks,
            uint64_t most, uint64_t now) {
  const uint32_t created = birth_of(reinterpret_cast<const void*>(object)).stack;
  if (auto* slot =
          core::contention_slot({ContentionRole::holder, kind, object, created, stack}, now))
    core::add_contention(*slot, waits, ticks, most, now);
}

bool anybody_waits(const volatile void* lock) {
  const Handoff* handoff = find(reinterpret_cast<uint64_t>(lock));
  return handoff != nullptr && waiters_of(*handoff) != 0;
}

struct Left {
  uint64_t uncharged = 0;  // since when
  uint64_t before = 0;     // and for how long, before the waiter was counted
  uint32_t stack = 0, task = 0;
  bool unlock_seen = false;
};

Left leave(WaiterPlace at, WaitKind kind, uint64_t since) {
  Left left{since};
  if (at.place == 0) return left;
  Handoff& handoff = table.load(std::memory_order_acquire)[at.place - 1];
  if (!take(handoff, kLong)) {
    handoff.spoilt.store(1, std::memory_order_relaxed);
    return left;
  }
  if (handoff.generation == at.generation && waiters_of(handoff) != 0) {
    const uint64_t before = at.from_ticks - since;
    left.unlock_seen = handoff.ticks >= since;
    if (left.unlock_seen)
      left = {handoff.ticks, before, handoff.stack, ended_by(handoff, kind, since), true};
    handoff.waiters.store(waiters_of(handoff) - 1, std::memory_order_relaxed);
    handoff.begun -= left.uncharged;
  }
  give(handoff);
  return left;
}

void unlock_at(const volatile void* lock, WaitKind kind, uint32_t stack) {
  const auto object = reinterpret_cast<uint64_t>(lock);
  Handoff* handoff = find(object);
  if (handoff == nullptr || !take_to_note(*handoff)) return;
  uint64_t waited = 0, waiters = 0, now = 0;
  if (handoff->object.load(std::memory_order_relaxed) == object && waiters_of(*handoff) != 0 &&
      handoff->spoilt.load(std::memory_order_relaxed) == 0) {
    now = sys::ticks();
    waiters = waiters_of(*handoff);
    waited = waiters * now - handoff->begun;
    handoff->begun = waiters * now;
    set_last(*handoff, now, stack);
  }
  give(*handoff);
  // Counters of two processors may differ by a little.
  if (waiters == 0 || static_cast<int64_t>(waited) < 0) return;
  charge(kind, object, stack, waiters, waited, waited / waiters, now);
}

}  // namespace

WaiterPlace enter_waiters(uint64_t object, uint64_t now) {
  Handoff* handoff = take_place(object);
  if (handoff == nullptr) return {};
  handoff->waiters.store(waiters_of(*handoff) + 1, std::memory_order_relaxed);
  // The last unlock may be later than `now`: it charged nobody for this waiter.
  const uint64_t from = handoff->ticks > now ? handoff->ticks : now;
  handoff->begun += from;
  const uint32_t generation = handoff->generation;
  give(*handoff);
  return {static_cast<uint32_t>(handoff - table.load(std::memory_order_relaxed)) + 1, generation,
          from};
}

uint32_t leave_waiters(WaiterPlace at, WaitKind kind, uint64_t object, uint64_t since,
                       uint64_t now) {
  const Left left = leave(at, kind, since);
  const uint64_t waited = left.before + (now > left.uncharged ? now - left.uncharged : 0);
  charge(kind, object, left.stack, left.unlock_seen ? 0 : 1, waited, waited, now);
  return left.task;
}

void abandon_waiters(WaiterPlace at, uint64_t since) {
  leave(at, WaitKind::none, since);
}

void note_unlock(const volatile void* lock, WaitKind kind, const core::Registers& registers) {
  if (!anybody_waits(lock) || core::current_slot() == nullptr) return;
  unlock_at(lock, kind, core::capture_stack(registers));
}

void note_unlock(const volatile void* lock, WaitKind kind, uint32_t stack) {
  if (anybody_waits(lock)) unlock_at(lock, kind, stack);
}

void note_wake(const volatile void* object, uint32_t stack) {
  Handoff* handoff = take_place(reinterpret_cast<uint64_t>(object));
  if (handoff == nullptr) return;
  set_last(*handoff, sys::ticks(), stack);
  give(*handoff);
}

void note_wake(const volatile void* object, const core::Registers& registers) {
  if (core::current_slot() == nullptr) return;
  note_wake(object, core::capture_stack(registers));
}

uint32_t charge_waker(WaitKind kind, uint64_t object, uint64_t since, uint64_t now) {
  Handoff* handoff = find(object);
  if (handoff == nullptr || !take(*handoff, kShort)) return 0;
  const bool woken =
      handoff->object.load(std::memory_order_relaxed) == object && handoff->ticks >= since;
  const uint32_t stack = handoff->stack, task = ended_by(*handoff, kind, since);
  give(*handoff);
  if (!woken) return 0;
  charge(kind, object, stack, 1, now - since, now - since, now);
  return task;
}

void restart_handoffs_after_fork() {
  Handoff* places = table.load(std::memory_order_relaxed);
  if (places == nullptr) return;
  for (uint32_t i = 0; i < kPlaces; ++i) {
    if (places[i].object.load(std::memory_order_relaxed) == 0) continue;
    reset(places[i], 0);
    places[i].busy.store(0, std::memory_order_relaxed);
  }
}

}  // namespace track::capture
