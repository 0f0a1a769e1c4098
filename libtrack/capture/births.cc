#include "libtrack/capture/births.h"

#include "libtrack/core/declared.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

// Sets of eight: neighbours in memory share pages of the table.
constexpr uint32_t kWays = 8;
constexpr uint32_t kSets = 8192;
constexpr uint64_t kSetShift = 7;

struct Entry {
  std::atomic<uint64_t> object;  // cleared first, written last
  std::atomic<uint64_t> birth;   // number in the upper half, stack in the lower
};

std::atomic<Entry*> table{nullptr};
std::atomic<uint32_t> last_number{0};

Entry* all() {
  Entry* known = table.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* fresh = static_cast<Entry*>(core::allocate(sizeof(Entry) * kWays * kSets));
  if (fresh == nullptr) return nullptr;
  return table.compare_exchange_strong(known, fresh, std::memory_order_acq_rel) ? fresh : known;
}

Entry* set_of(Entry* entries, uint64_t object) {
  return entries + (object >> kSetShift) % kSets * kWays;
}

}  // namespace

void note_birth(const volatile void* object, const core::Registers& registers) {
  core::forget_declared(wire::DeclaredSort::lock, reinterpret_cast<uint64_t>(object));
  if (core::current_slot() == nullptr) return;
  const uint32_t stack = core::capture_stack(registers);
  Entry* entries = all();
  if (entries == nullptr) return;
  const auto address = reinterpret_cast<uint64_t>(object);
  Entry* set = set_of(entries, address);
  const uint32_t number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  Entry* place = set + number % kWays;
  for (uint32_t i = 0; i < kWays; ++i) {
    const uint64_t there = set[i].object.load(std::memory_order_relaxed);
    if (there == 0) place = set + i;
    if (there != address) continue;
    place = set + i;
    break;
  }
  place->object.store(0, std::memory_order_release);
  place->birth.store(uint64_t{number} << 32 | stack, std::memory_order_release);
  place->object.store(address, std::memory_order_release);
}

void note_death(const volatile void* object) {
  core::forget_declared(wire::DeclaredSort::lock, reinterpret_cast<uint64_t>(object));
  Entry* entries = table.load(std::memory_order_acquire);
  if (entries == nullptr || !core::recording_is_ours()) return;
  auto address = reinterpret_cast<uint64_t>(object);
  Entry* set = set_of(entries, address);
  for (uint32_t i = 0; i < kWays; ++i)
    if (set[i].object.load(std::memory_order_relaxed) == address)
      set[i].object.compare_exchange_strong(address, 0, std::memory_order_acq_rel);
}

Birth birth_of(const volatile void* object) {
  Entry* entries = table.load(std::memory_order_acquire);
  if (entries == nullptr) return {};
  const auto address = reinterpret_cast<uint64_t>(object);
  const Entry* set = set_of(entries, address);
  for (uint32_t i = 0; i < kWays; ++i) {
    if (set[i].object.load(std::memory_order_acquire) != address) continue;
    const uint64_t birth = set[i].birth.load(std::memory_order_acquire);
    if (set[i].object.load(std::memory_order_acquire) != address) return {};
    return {static_cast<uint32_t>(birth >> 32), static_cast<uint32_t>(birth)};
  }
  return {};
}

}  // namespace track::capture
