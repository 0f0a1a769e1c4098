// The commit is one store inside a restartable sequence (rseq, see the kernel's rseq(2) and
// glibc >= 2.35, which registers it): no lock prefix, and a record is whole or absent. Where rseq
// is not registered, or a CPU has no ring of its own (not allowed at the start), a thread takes one
// of the pooled rings for the length of one push: a writer that is preempted keeps only that ring
// from the others, and nobody can lap it while it writes. A thread comes back to the ring it had
// before as a rule, so its cache lines stay. A signal handler that interrupts a push finds the ring
// taken and uses another; one that jumps out of a push loses that ring for good, never a record's
// wholeness. When all are taken the event is counted as lost.
#include "libtrack/core/ring.h"

#include <dlfcn.h>

#include <cstddef>

#include "libtrack/core/hot.h"
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

constexpr uint64_t kFirstEvents = 64;   // of a ring: a short process touches one page
constexpr uint64_t kGrowEvents = 1024;  // then 32 KiB reserved at a time

TRACK_HOT char* rings;
TRACK_HOT uint32_t cpu_rings;  // the first ones; pooled ones follow
uint32_t pooled_rings;
TRACK_HOT bool have_rseq;
TRACK_HOT ptrdiff_t rseq_offset;
// A bit for each of the first CPUs whose ring was found to be reserved: no look at its page's byte.
TRACK_HOT std::atomic<uint64_t> reserved_rings{0};

Ring& ring_at(uint32_t index) {
  return *reinterpret_cast<Ring*>(rings + index * wire::kRingStride);
}

// Reserves the next stretch of a ring that has not been round once.
bool grow(Ring& ring) {
  if (!reserve(&ring, 64)) return false;
  if (ring.failed.load(std::memory_order_relaxed) != 0) return false;
  uint64_t limit = ring.limit.load(std::memory_order_relaxed);
  if (limit > ring.head.load(std::memory_order_relaxed)) return true;
  if (limit >= kRingEvents) return false;  // nothing that we wrote
  const uint64_t wanted = limit == 0 ? kFirstEvents : kGrowEvents;
  const uint64_t more = limit + wanted < kRingEvents ? wanted : kRingEvents - limit;
  if (!reserve(&ring.events[limit], more * sizeof(Event))) {
    ring.failed.store(1, std::memory_order_relaxed);
    return false;
  }
  const uint64_t next = limit + more == kRingEvents ? UINT64_MAX : limit + more;
  ring.limit.compare_exchange_strong(limit, next, std::memory_order_relaxed);
  return true;
}

enum class Push { done, again, full };

struct Words {
  uint64_t a, b, c, d;
};
static_assert(sizeof(Words) == sizeof(Event));
static_assert(offsetof(Event, task) == 16 && offsetof(Event, stack) == 20 &&
              offsetof(Event, duration_ticks) == 24 && offsetof(Event, kind) == 28 &&
              offsetof(Event, sort) == 29);

[[gnu::always_inline]] inline Push push_rseq(KernelRseq* rs, uint32_t cpu, Ring* ring,
                                             const Words& words) {
  const uint64_t a = words.a, b = words.b, c = words.c, d = words.d;
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

// The caller owns the ring: plain stores, and the head last.
Push push_owned(Ring& ring, const Words& words) {
  const uint64_t at = ring.head.load(std::memory_order_relaxed);
  if (at >= ring.limit.load(std::memory_order_relaxed)) return Push::full;
  __builtin_memcpy(&ring.events[at % kRingEvents], &words, sizeof words);
  ring.head.store(at + 1, std::memory_order_release);
  return Push::done;
}

// Threads' control blocks lie pages apart: their addresses spread the threads over the pool.
uint32_t preferred_ring() {
  const uint64_t word = reinterpret_cast<uintptr_t>(__builtin_thread_pointer()) >> 6;
  return static_cast<uint32_t>(word * 0x9e3779b97f4a7c15u >> 33) % pooled_rings;
}

bool push_pooled(const Words& words) {
  const auto task = static_cast<uint32_t>(words.c);
  const uint32_t first = preferred_ring();
  for (uint32_t i = 0; i < pooled_rings; ++i) {
    Ring& ring = ring_at(cpu_rings + (first + i) % pooled_rings);
    if (!reserve(&ring, 64)) continue;
    uint32_t nobody = 0;
    const uint32_t taken = task != 0 ? task : UINT32_MAX;
    if (ring.owner.load(std::memory_order_relaxed) != 0 ||
        !ring.owner.compare_exchange_strong(nobody, taken, std::memory_order_acquire))
      continue;
    Push result = push_owned(ring, words);
    if (result == Push::full && grow(ring)) result = push_owned(ring, words);
    ring.owner.store(0, std::memory_order_release);
    if (result == Push::done) return true;
  }
  return false;
}

}  // namespace

void start_rings() {
  rings = section_start<char>(wire::SectionKind::rings);
  const auto count =
      static_cast<uint32_t>(place_of(wire::SectionKind::rings).bytes / wire::kRingStride);
  cpu_rings = count > wire::kPooledRings ? count - wire::kPooledRings : 0;
  pooled_rings = count - cpu_rings;
  // glibc's own registration; weak by look-up so that an older glibc still loads us.
  const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  const auto* offset = static_cast<const ptrdiff_t*>(dlsym(RTLD_DEFAULT, "__rseq_offset"));
  have_rseq = size != nullptr && offset != nullptr && *size != 0;
  if (have_rseq) rseq_offset = *offset;
  section_used(wire::SectionKind::rings).store(count, std::memory_order_relaxed);
}

void restart_rings_after_fork() {
  reserved_rings.store(0, std::memory_order_seq_cst);
  for (uint32_t i = 0; i < pooled_rings; ++i) {
    Ring& ring = ring_at(cpu_rings + i);
    if (!is_reserved(&ring)) continue;
    if (ring.owner.load(std::memory_order_relaxed) != 0)
      ring.owner.store(0, std::memory_order_relaxed);
  }
}

namespace {

KernelRseq* this_rseq() {
  return reinterpret_cast<KernelRseq*>(static_cast<char*>(__builtin_thread_pointer()) +
                                       rseq_offset);
}

[[gnu::always_inline]] inline bool is_ready(uint32_t cpu, const Ring* ring) {
  const uint64_t bit = cpu < 64 ? uint64_t{1} << cpu : 0;
  if (__builtin_expect((reserved_rings.load(std::memory_order_relaxed) & bit) != 0, 1)) return true;
  if (!reserve(ring, 1)) return false;
  reserved_rings.fetch_or(bit, std::memory_order_seq_cst);
  // Where recording ended meanwhile (detach) the bit may have come after all were cleared.
  if (!is_reserved(ring)) reserved_rings.fetch_and(~bit, std::memory_order_seq_cst);
  return true;
}

[[gnu::noinline]] void push_slowly(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  const Words words = {a, b, c, d};
  for (int attempt = 0; have_rseq && attempt < 64; ++attempt) {
    KernelRseq* rs = this_rseq();
    const uint32_t cpu = __atomic_load_n(&rs->cpu_id_start, __ATOMIC_RELAXED);
    if (cpu >= cpu_rings || __atomic_load_n(&rs->cpu_id, __ATOMIC_RELAXED) != cpu) break;
    Ring* ring = &ring_at(cpu);
    if (!reserve(ring, 64)) break;
    const Push result = push_rseq(rs, cpu, ring, words);
    if (result == Push::done) return;
    if (result == Push::full && !grow(*ring)) break;
  }
  if (!push_pooled(words)) count(lost().events);
}

}  // namespace

TRACK_HOT_CODE void push_words(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  if (__builtin_expect(have_rseq, 1)) {
    KernelRseq* rs = this_rseq();
    const uint32_t cpu = __atomic_load_n(&rs->cpu_id_start, __ATOMIC_RELAXED);
    Ring* ring = &ring_at(cpu);
    if (__builtin_expect(cpu < cpu_rings, 1) && is_ready(cpu, ring) &&
        push_rseq(rs, cpu, ring, {a, b, c, d}) == Push::done)
      return;
  }
  push_slowly(a, b, c, d);
}

TRACK_HOT_CODE void expect_event() {
  if (__builtin_expect(have_rseq, 1))
    __builtin_prefetch(&ring_at(__atomic_load_n(&this_rseq()->cpu_id_start, __ATOMIC_RELAXED)), 1);
}

TRACK_HOT_CODE void push_event(const Event& event) {
  Words words;
  __builtin_memcpy(&words, &event, sizeof words);
  push_words(words.a, words.b, words.c, words.d);
}

}  // namespace track::core
