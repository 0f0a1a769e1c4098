#include "cli/read/history.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <thread>
#include <unordered_map>

#include "cli/read/image.h"
#include "cli/read/wakers.h"
#include "libtrack/wire/ring.h"

namespace track::read {
namespace {

constexpr uint64_t kMostRings = 4096;
constexpr uint64_t kMostWritten = uint64_t{1} << 48;  // to one ring, ever
constexpr std::chrono::nanoseconds kPeriod = std::chrono::milliseconds(20);
constexpr std::chrono::nanoseconds kShortest = std::chrono::microseconds(200);

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
    case wire::EventKind::lock_held:
      return HistoryKind::lock_held;
    default:
      return std::nullopt;
  }
}

WaitKind lock_kind(uint8_t sort) {
  switch (sort) {
    case wire::kHeldRead:
      return WaitKind::rwlock_read;
    case wire::kHeldWrite:
      return WaitKind::rwlock_write;
    case wire::kHeldSpin:
      return WaitKind::spinlock;
    default:
      return WaitKind::mutex;
  }
}

// Events in the trace's terms; their stacks become the trace's.
class Translation {
 public:
  Translation(Image& image, Trace& into) : image_(image), into_(into) {}

  // False: of another kind than is known here, or damaged.
  bool add(const wire::Event& event) {
    const auto kind = kind_of(event.kind);
    const bool waits = event.kind == wire::EventKind::wait_ended;
    const bool held = event.kind == wire::EventKind::lock_held;
    const auto last_sort =
        held ? uint8_t{wire::kHeldSpin} : static_cast<uint8_t>(WaitKind::message);
    if (!kind || event.ticks == 0 || ((waits || held) && event.sort > last_sort)) return false;
    HistoryEvent result;
    result.ns = image_.to_ns(event.ticks);
    result.object = event.object;
    result.task = event.task;
    result.kind = *kind;
    result.stack = stack(event.stack);
    if (*kind == HistoryKind::thread_started || *kind == HistoryKind::thread_ended) {
      result.tid = static_cast<int32_t>(event.object >> 32);
      result.object = event.object & 0xffffffff;
    }
    if (waits || held) {
      result.wait = held ? lock_kind(event.sort) : static_cast<WaitKind>(event.sort);
      result.waker = waits ? event.by : 0;  // completed when all tasks are known
      const float ticks = event.duration_ticks;
      const uint64_t length = ticks > 0 && ticks < 1e18F ? static_cast<uint64_t>(ticks) : 0;
      const uint64_t begin = length < event.ticks ? image_.to_ns(event.ticks - length) : result.ns;
      result.duration_ns = result.ns > begin ? result.ns - begin : 0;
    }
    into_.history.events.push_back(result);
    return true;
  }

 private:
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
  Trace& into_;
  std::unordered_map<uint32_t, StackIndex> stacks_;
};

}  // namespace

RingTape::RingTape(Bytes bytes, size_t most_events)
    : bytes_(std::move(bytes)), most_events_(most_events) {
  Copy<wire::Header> header;
  if (!bytes_.read(0, header.bytes.data(), sizeof(wire::Header)) ||
      header->version != wire::kVersion)
    return;
  const wire::Section& rings = header->sections[static_cast<uint32_t>(wire::SectionKind::rings)];
  if (rings.offset > bytes_.size()) return;
  rings_at_ = rings.offset;
  next_.resize(std::min(std::min(rings.bytes, bytes_.size() - rings.offset) / wire::kRingStride,
                        kMostRings));
}

void RingTape::read() {
  for (size_t i = 0; i < next_.size(); ++i) read_ring(i);
}

void RingTape::watch(std::chrono::nanoseconds time, const std::atomic<bool>& stop,
                     const std::function<void()>& look) {
  const auto until = std::chrono::steady_clock::now() + time;
  std::chrono::nanoseconds period = kPeriod;
  for (;;) {
    bool there = false;
    uint64_t most = 0;  // new in one ring
    for (size_t i = 0; i < next_.size(); ++i) {
      const uint64_t before = next_[i];
      there = read_ring(i) || there;
      most = std::max(most, next_[i] - before);
    }
    // So that no ring goes round meanwhile.
    if (most > wire::kRingEvents / 4) period = std::max(period / 2, kShortest);
    if (most < wire::kRingEvents / 16) period = std::min(period * 2, kPeriod);
    // A look takes its time, in which a ring might go round.
    if (there && look && most <= wire::kRingEvents / 4) look();
    const auto now = std::chrono::steady_clock::now();
    if (!there || now >= until || stop.load()) return;
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(period, until - now));
  }
}

// False: nothing can be read there any more.
bool RingTape::read_ring(size_t index) {
  const uint64_t at = rings_at_ + index * wire::kRingStride;
  uint64_t& next = next_[index];
  uint64_t head = 0, after = 0;
  if (!bytes_.read(at, &head, sizeof head)) return false;
  if (head <= next || head > kMostWritten) return true;
  const uint64_t first = std::max(next, head - std::min(head, uint64_t{wire::kRingEvents}));
  std::vector<wire::Event> fresh(head - first);
  for (uint64_t number = first; number < head;) {
    const uint64_t slot = number % wire::kRingEvents;
    const uint64_t n = std::min(head - number, wire::kRingEvents - slot);
    if (!bytes_.read(at + offsetof(wire::Ring, events) + slot * sizeof(wire::Event),
                     &fresh[number - first], n * sizeof(wire::Event))) {
      unreadable_ += head - next;
      next = head;
      return true;
    }
    number += n;
  }
  // What was overwritten meanwhile is not what it was; the place of the next event may be in work.
  if (!bytes_.read(at, &after, sizeof after) || after < head || after > kMostWritten) after = head;
  const uint64_t whole = after + 1 > wire::kRingEvents ? after + 1 - wire::kRingEvents : 0;
  const uint64_t torn = whole > first ? std::min<uint64_t>(whole - first, fresh.size()) : 0;
  const uint64_t room = most_events_ - std::min(most_events_, events_.size());
  const uint64_t kept = std::min<uint64_t>(fresh.size() - torn, room);
  const uint64_t missed = first + torn - next, left_out = fresh.size() - torn - kept;
  overwritten_ += missed + left_out;
  if (missed != 0 && torn < fresh.size())
    complete_since_ = std::max(complete_since_, fresh[torn].ticks);
  if (left_out != 0) complete_since_ = std::max(complete_since_, fresh.back().ticks);
  const auto begin = fresh.begin() + static_cast<ptrdiff_t>(torn);
  events_.insert(events_.end(), begin, begin + static_cast<ptrdiff_t>(kept));
  next = head;
  return true;
}

void RingTape::into(Trace& trace) const {
  Trace scratch;
  Image image(bytes_, trace.source, !trace.gone && trace.end == ProcessEnd::alive, scratch);
  History& history = trace.history;
  history = {};
  history.overwritten = overwritten_;
  history.unreadable = unreadable_;
  history.lost = image.header().lost.events.load(std::memory_order_relaxed);
  history.complete_since = image.to_ns(complete_since_);
  Translation translation(image, trace);
  for (const wire::Event& event : events_)
    if (!translation.add(event)) ++history.unreadable;
  std::stable_sort(history.events.begin(), history.events.end(),
                   [](const HistoryEvent& a, const HistoryEvent& b) { return a.ns < b.ns; });
  complete_wakers(trace, image.header().next_task.load(std::memory_order_relaxed));
}

}  // namespace track::read
