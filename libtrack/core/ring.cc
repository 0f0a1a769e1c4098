// The commit is one store inside a restartable sequence (rseq, see the kernel's rseq(2) and
// glibc >= 2.35, which registers it): no lock prefix, and a record is whole or absent. Where rseq
// is not registered, a ring is shared by atomic increments: a reader sees a torn record only while
// its writer is between the increment and the last store, and `ticks` is written last.
//
// The two ways must never meet in one ring: the plain store of one would undo the increment of the
// other. So the last ring is for CPUs without a ring of their own (not allowed at the start).
#include "libtrack/core/ring.h"

#include <dlfcn.h>

#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"

namespace track::core {
namespace {

using wire::Event;
using wire::kRingEvents;
using wire::Ring;

// The kernel's struct rseq, up to the fields used here.
struct KernelRseq {
  uint32_t cpu_id_start;
  uint32_t cpu_id;
  uint64_t rseq_cs;
};

constexpr uint64_t kGrowEvents = 1024;  // 32 KiB reserved at a time

char* rings;
uint32_t ring_count;
bool have_rseq;
ptrdiff_t rseq_offset;

Ring& ring_at(uint32_t index) {
  return *reinterpret_cast<Ring*>(rings + index * wire::kRingStride);
}

// Reserves the next stretch of a ring that has not been round once.
bool grow(Ring& ring) {
  if (!reserve(&ring, 64)) return false;
  if (ring.failed.load(std::memory_order_relaxed) != 0) return false;
  uint64_t limit = ring.limit.load(std::memory_order_relaxed);
  if (limit > ring.head.load(std::memory_order_relaxed)) return true;
  if (!reserve(&ring.events[limit % kRingEvents], kGrowEvents * sizeof(Event))) {
    ring.failed.store(1, std::memory_order_relaxed);
    return false;
  }
  const uint64_t next = limit + kGrowEvents >= kRingEvents ? UINT64_MAX : limit + kGrowEvents;
  ring.limit.compare_exchange_strong(limit, next, std::memory_order_relaxed);
  return true;
}

enum class Push { done, again, full };

Push push_rseq(KernelRseq* rs, uint32_t cpu, Ring* ring, const Event& event) {
  const uint64_t* words = reinterpret_cast<const uint64_t*>(&event);
  const uint64_t a = words[0], b = words[1], c = words[2], d = words[3];
  asm goto(
      ".pushsection __rseq_cs, \"aw\"\n\t"
      ".balign 32\n\t"
      "3:\n\t.long 0, 0\n\t.quad 1f, (2f-1f), 4f\n\t"
      ".popsection\n\t"
      "leaq 3b(%%rip), %%rax\n\t"
      "movq %%rax, %[cs]\n\t"
      "1:\n\t"
      "cmpl %[cpu], %[cpu_id]\n\t"
      "jnz 4f\n\t"
      "movq (%[ring]), %%rax\n\t"
      "cmpq 8(%[ring]), %%rax\n\t"
      "jae %l[full]\n\t"
      "movq %%rax, %%rcx\n\t"
      "andl %[mask], %%ecx\n\t"
      "shlq $5, %%rcx\n\t"
      "movq %[a], 64(%[ring],%%rcx)\n\t"
      "movq %[b], 72(%[ring],%%rcx)\n\t"
      "movq %[c], 80(%[ring],%%rcx)\n\t"
      "movq %[d], 88(%[ring],%%rcx)\n\t"
      "incq %%rax\n\t"
      "movq %%rax, (%[ring])\n\t"
      "2:\n\t"
      ".pushsection __rseq_failure, \"ax\"\n\t"
      ".byte 0x0f, 0xb9, 0x3d\n\t.long 0x53053053\n\t"
      "4:\n\tjmp %l[aborted]\n\t"
      ".popsection\n\t"
      :
      : [cs] "m"(rs->rseq_cs), [cpu] "r"(cpu), [cpu_id] "m"(rs->cpu_id), [ring] "r"(ring),
        [mask] "i"(kRingEvents - 1), [a] "r"(a), [b] "r"(b), [c] "r"(c), [d] "r"(d)
      : "memory", "cc", "rax", "rcx"
      : aborted, full);
  return Push::done;
aborted:
  return Push::again;
full:
  return Push::full;
}

Push push_shared(Ring& ring, const Event& event) {
  uint64_t at = ring.head.load(std::memory_order_relaxed);
  do {
    if (at >= ring.limit.load(std::memory_order_relaxed)) return Push::full;
  } while (!ring.head.compare_exchange_weak(at, at + 1, std::memory_order_relaxed));
  Event& slot = ring.events[at % kRingEvents];
  __atomic_store_n(&slot.ticks, 0, __ATOMIC_RELAXED);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.object = event.object;
  slot.task = event.task;
  slot.stack = event.stack;
  slot.duration_ticks = event.duration_ticks;
  slot.kind = event.kind;
  slot.sort = event.sort;
  __atomic_store_n(&slot.ticks, event.ticks, __ATOMIC_RELEASE);
  return Push::done;
}

}  // namespace

void start_rings() {
  rings = section_start<char>(wire::SectionKind::rings);
  ring_count = static_cast<uint32_t>(section(wire::SectionKind::rings).bytes / wire::kRingStride);
  // glibc's own registration; weak by look-up so that an older glibc still loads us.
  const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  const auto* offset = static_cast<const ptrdiff_t*>(dlsym(RTLD_DEFAULT, "__rseq_offset"));
  have_rseq = size != nullptr && offset != nullptr && *size != 0;
  if (have_rseq) rseq_offset = *offset;
  section(wire::SectionKind::rings).used.store(ring_count, std::memory_order_relaxed);
}

void push_event(const Event& event) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    Push result;
    Ring* ring;
    if (have_rseq) {
      auto* rs = reinterpret_cast<KernelRseq*>(static_cast<char*>(__builtin_thread_pointer()) +
                                               rseq_offset);
      const uint32_t cpu = __atomic_load_n(&rs->cpu_id_start, __ATOMIC_RELAXED);
      const bool own =
          cpu < ring_count - 1 && __atomic_load_n(&rs->cpu_id, __ATOMIC_RELAXED) == cpu;
      ring = &ring_at(own ? cpu : ring_count - 1);
      if (!reserve(ring, 64)) break;
      result = own ? push_rseq(rs, cpu, ring, event) : push_shared(*ring, event);
    } else {
      unsigned cpu = 0;
      sys::call(SYS_getcpu, sys::as_long(&cpu));
      ring = &ring_at(cpu % ring_count);
      if (!reserve(ring, 64)) break;
      result = push_shared(*ring, event);
    }
    if (result == Push::done) return;
    if (result == Push::full && !grow(*ring)) break;
  }
  count(lost().events);
}

}  // namespace track::core
