#include "cli/read/history.h"

#include <algorithm>
#include <optional>

#include "cli/read/image.h"
#include "libtrack/wire/ring.h"

namespace track::read {
namespace {

constexpr uint64_t kMostRings = 4096;
constexpr uint64_t kMostEvents = uint64_t{1} << 48;
// Of a ring that goes on being written, the oldest records may be half new while they are copied.
constexpr uint64_t kMargin = 64;

std::optional<HistoryKind> kind_of(wire::EventKind kind) {
  switch (kind) {
    case wire::EventKind::thread_created:
      return HistoryKind::thread_created;
    case wire::EventKind::thread_started:
      return HistoryKind::thread_started;
    case wire::EventKind::thread_ended:
      return HistoryKind::thread_ended;
    case wire::EventKind::thread_joined:
      return HistoryKind::thread_joined;
    case wire::EventKind::thread_detached:
      return HistoryKind::thread_detached;
    case wire::EventKind::wait_ended:
      return HistoryKind::wait_ended;
    case wire::EventKind::forked:
      return HistoryKind::forked;
    case wire::EventKind::process_exiting:
      return HistoryKind::exiting;
    case wire::EventKind::lock_lost:
      return HistoryKind::lock_lost;
    case wire::EventKind::cpu_sample:
      return HistoryKind::cpu_sample;
    default:
      return std::nullopt;
  }
}

class Rings {
 public:
  Rings(Image& image, bool live, Trace& into) : image_(image), live_(live), into_(into) {}

  void read(uint64_t offset) {
    uint64_t head = 0, after = 0;
    if (!image_.bytes().read(offset, &head, sizeof head) || head == 0 || head > kMostEvents) return;
    const uint64_t count = std::min<uint64_t>(head, wire::kRingEvents);
    std::vector<wire::Event> events(wire::kRingEvents);
    const uint64_t bytes = count * sizeof(wire::Event);
    if (!image_.bytes().read(offset + offsetof(wire::Ring, events), events.data(), bytes)) {
      history.unreadable += count;
      return;
    }
    if (!image_.bytes().read(offset, &after, sizeof after) || after < head || after > kMostEvents)
      after = head;
    uint64_t first = head - count;
    if (live_ && after + kMargin > wire::kRingEvents)
      first = std::max(first, after + kMargin - wire::kRingEvents);
    history.overwritten += std::min(first, head);
    uint64_t oldest = 0;
    for (uint64_t n = first; n < head; ++n) {
      const wire::Event& event = events[n % wire::kRingEvents];
      const uint64_t ns = add(event);
      if (oldest == 0) oldest = ns;
    }
    if (first != 0) history.complete_since = std::max(history.complete_since, oldest);
  }

  History history;

 private:
  // When it was; 0: not known.
  uint64_t add(const wire::Event& event) {
    const auto kind = kind_of(event.kind);
    const uint64_t ns = image_.to_ns(event.ticks);
    const bool waits = event.kind == wire::EventKind::wait_ended;
    if (!kind || event.ticks == 0 ||
        (waits && event.sort > static_cast<uint8_t>(WaitKind::message))) {
      ++history.unreadable;
      return ns;
    }
    HistoryEvent result;
    result.ns = ns;
    result.object = event.object;
    result.task = event.task;
    result.kind = *kind;
    result.stack = stack(event.stack);
    if (*kind == HistoryKind::thread_started || *kind == HistoryKind::thread_ended) {
      result.tid = static_cast<int32_t>(event.object >> 32);
      result.object = event.object & 0xffffffff;
    }
    if (waits) {
      result.wait = static_cast<WaitKind>(event.sort);
      const float ticks = event.duration_ticks;
      const uint64_t length = ticks > 0 && ticks < 1e18F ? static_cast<uint64_t>(ticks) : 0;
      const uint64_t begin = length < event.ticks ? image_.to_ns(event.ticks - length) : ns;
      result.duration_ns = ns > begin ? ns - begin : 0;
    }
    history.events.push_back(result);
    return ns;
  }

  StackIndex stack(uint32_t reference) {
    if (reference == 0) return 0;
    const auto [known, fresh] = stacks_.try_emplace(reference, 0);
    if (!fresh) return known->second;
    const StackIndex own = image_.stack(reference);
    if (own == 0) return 0;
    into_.stacks.push_back(image_.trace().stacks[own]);
    return known->second = static_cast<StackIndex>(into_.stacks.size() - 1);
  }

  Image& image_;
  bool live_;
  Trace& into_;
  std::unordered_map<uint32_t, StackIndex> stacks_;
};

}  // namespace

History read_history(const Bytes& bytes, bool live, Trace& trace) {
  Trace scratch;
  Image image(bytes, trace.source, live, scratch);
  const SectionView& section = image.section(wire::SectionKind::rings);
  Rings rings(image, live, trace);
  for (uint64_t i = 0; i < std::min(section.capacity, kMostRings); ++i)
    rings.read(section.offset + i * wire::kRingStride);
  rings.history.lost = image.header().lost.events.load(std::memory_order_relaxed);
  std::stable_sort(rings.history.events.begin(), rings.history.events.end(),
                   [](const HistoryEvent& a, const HistoryEvent& b) { return a.ns < b.ns; });
  return std::move(rings.history);
}

}  // namespace track::read
