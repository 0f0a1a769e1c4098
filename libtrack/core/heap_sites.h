// heap_sites.h: what was allocated from the beginning on, by stack (wire/samples.h). Any thread and
// any signal handler.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/samples.h"

namespace track::core {

// Once, in a recording that was planned with them; false: it was not.
bool start_heap_sites();

// For many threads at once: two locked additions. 0 = no stack.
void add_to_heap_site(uint32_t stack, uint64_t objects, uint64_t bytes);

// A page of deltas for one thread to write; null: there is none left, or no room for it.
wire::HeapDelta* take_heap_deltas();
// One that an earlier thread, or this one before a fork, has written: still good to touch?
bool reserve_heap_deltas(wire::HeapDelta* deltas);

// One thread's. A delta that loses its place to another stack waits among the last of the page,
// while its site, which nobody has touched for long, is fetched: then it is added there.
inline constexpr uint32_t kLeavingDeltas = 8;
struct HeapDeltas {
  wire::HeapDelta* page;
  uint32_t left;  // how many ever
};
[[gnu::always_inline]] inline wire::HeapDelta& delta_of(wire::HeapDelta* page, uint32_t stack) {
  constexpr uint64_t kPlaces = wire::kDeltasAThread - kLeavingDeltas;
  return page[uint64_t{stack * uint32_t{0x9e3779b1}} * kPlaces >> 32];
}

// Adds one block. By the thread that has the page, not re-entrantly: a signal handler that
// interrupts it must be told apart. If a handler jumps out, one block is not counted.
void replace_heap_delta(HeapDeltas& deltas, uint32_t stack, uint64_t bytes);
inline void count_allocation(HeapDeltas& deltas, uint32_t stack, uint64_t bytes) {
  wire::HeapDelta& delta = delta_of(deltas.page, stack);
  const uint32_t objects = delta.objects.load(std::memory_order_relaxed);
  if (__builtin_expect(
          delta.stack.load(std::memory_order_relaxed) != stack || objects == UINT32_MAX, 0))
    return replace_heap_delta(deltas, stack, bytes);
  delta.objects.store(objects + 1, std::memory_order_relaxed);
  delta.bytes.store(delta.bytes.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

}  // namespace track::core
