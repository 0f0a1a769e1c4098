#include "cli/process/await_edges.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace track::process {
namespace {

constexpr uint32_t kSmallest = 24;  // frame
constexpr uint64_t kPromise = 16;   // offset of a promise that needs no larger alignment

size_t slot_of(uint64_t address, size_t slots) {
  return (address >> 4) * 0x9e3779b97f4a7c15u >> 20 & (slots - 1);
}

}  // namespace

AwaitEdges::AwaitEdges(std::vector<Coroutine>& coroutines)
    : coroutines_(coroutines),
      slots_(std::bit_ceil(coroutines.size() * 2 + 2), kNone),
      awaiter_(coroutines.size(), kNone) {
  if (coroutines_.empty()) return;
  lowest_ = coroutines_.front().address;
  highest_ = coroutines_.back().address + std::max(coroutines_.back().size_bytes, kSmallest);
  for (size_t i = 0; i < coroutines_.size(); ++i) {
    coroutines_[i].awaited_by = coroutines_[i].awaits = 0;
    size_t slot = slot_of(coroutines_[i].address, slots_.size());
    while (slots_[slot] != kNone) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<uint32_t>(i);
  }
}

uint32_t AwaitEdges::frame_at(uint64_t address) const {
  size_t slot = slot_of(address, slots_.size());
  while (slots_[slot] != kNone) {
    if (coroutines_[slots_[slot]].address == address) return slots_[slot];
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return kNone;
}

uint32_t AwaitEdges::frame_around(uint64_t address) const {
  auto after = std::upper_bound(coroutines_.begin(), coroutines_.end(), address,
                                [](uint64_t a, const Coroutine& c) { return a < c.address; });
  if (after == coroutines_.begin()) return kNone;
  --after;
  if (address >= after->address + after->size_bytes) return kNone;
  return static_cast<uint32_t>(after - coroutines_.begin());
}

void AwaitEdges::look(size_t nth, std::span<const uint64_t> words, uint32_t promise_end) {
  const uint64_t own = coroutines_[nth].address;
  for (size_t i = kPromise / 8; i < words.size(); ++i) {
    const uint64_t word = words[i];
    if (word < lowest_ || word >= highest_ || word % 8 != 0) continue;
    if (word >= own && word < own + words.size() * 8) continue;
    const auto offset = static_cast<uint32_t>(i * 8);
    const bool in_promise = promise_end != 0 && offset < promise_end;
    const bool outside = promise_end != 0 && offset >= promise_end;
    uint32_t to = frame_at(word);
    if (to == kNone) to = frame_at(word - kPromise);
    const bool inner = to == kNone;
    if (inner && in_promise) to = frame_around(word);
    if (to == kNone || to == nth) continue;
    edges_.push_back({static_cast<uint32_t>(nth), to, offset, in_promise, outside, inner});
  }
}

const AwaitEdges::Edge* AwaitEdges::find(uint32_t from, uint32_t to) const {
  for (uint32_t i = first_[from]; i < first_[from + 1]; ++i)
    if (edges_[i].to == to && !edges_[i].inner) return &edges_[i];
  return nullptr;
}

bool AwaitEdges::leads_to(uint32_t from, uint32_t to) const {
  constexpr int kDeepest = 1 << 16;
  uint32_t at = from;
  for (int n = 0; n < kDeepest && at != kNone; ++n) {
    if (at == to) return true;
    at = awaiter_[at];
  }
  return at != kNone;
}

void AwaitEdges::connect(uint32_t callee, uint32_t awaiter, bool weak) {
  awaiter_[callee] = awaiter;
  Coroutine& below = coroutines_[callee];
  Coroutine& above = coroutines_[awaiter];
  below.awaited_by = above.address;
  below.awaited_by_weak = weak;
  if (above.awaits == 0 && below.state != TaskState::done) above.awaits = below.address;
}

// A frame that the compiler put into the one that awaits it: both may be parts of a third.
bool AwaitEdges::lies_in(uint32_t inner, uint32_t outer) const {
  if (!coroutines_[inner].inside || inner == outer) return false;
  uint32_t block = inner;
  while (block > 0 && coroutines_[block].inside) --block;
  const Coroutine& frame = coroutines_[block];
  const auto within = [&](uint32_t nth) {
    return coroutines_[nth].address - frame.address < frame.size_bytes;
  };
  return !frame.inside && within(inner) && within(outer);
}

// Many that one waits for together (when_all) know a counter in its frame, and it knows them:
// directly, or by a list that its frame points at. A stale word has no such way back.
void AwaitEdges::confirm_joins(const std::vector<std::pair<uint32_t, uint32_t>>& joins,
                               const Read& read) {
  constexpr size_t kMostOfList = 128, kMostWords = 512;
  size_t left = 1 << 16;  // lists
  std::unordered_map<uint32_t, std::vector<uint32_t>> by_awaiter;
  for (const auto& [callee, awaiter] : joins) {
    if (find(awaiter, callee) != nullptr)
      coroutines_[callee].awaited_by_weak = false;
    else
      by_awaiter[awaiter].push_back(callee);
  }
  for (const auto& [awaiter, callees] : by_awaiter) {
    const Coroutine& above = coroutines_[awaiter];
    std::vector<uint64_t> words(std::min<size_t>(above.size_bytes / 8, kMostWords));
    words.resize(read(above.address, words.data(), words.size() * 8) / 8);
    for (const uint64_t word : words) {
      const bool own = word - above.address < above.size_bytes;
      if (word % 8 != 0 || word < 4096 || word >> 47 != 0 || own || left == 0) continue;
      --left;
      uint64_t list[kMostOfList];
      const size_t entries = read(word, list, sizeof list) / 8;
      for (size_t i = 0; i < entries; ++i) {
        uint32_t named = frame_at(list[i]);
        if (named == kNone) named = frame_at(list[i] - kPromise);
        if (named != kNone && awaiter_[named] == awaiter)
          coroutines_[named].awaited_by_weak = false;
      }
    }
  }
}

// A finished one waits to be destroyed by who has its handle.
void AwaitEdges::adopt_finished() {
  for (const Edge& edge : edges_) {
    if (edge.inner || awaiter_[edge.to] != kNone || coroutines_[edge.to].state != TaskState::done ||
        coroutines_[edge.from].state == TaskState::done || leads_to(edge.from, edge.to))
      continue;
    connect(edge.to, edge.from, false);
  }
}

void AwaitEdges::finish(const Read& read) {
  const auto count = static_cast<uint32_t>(coroutines_.size());
  std::stable_sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) {
    return a.from != b.from ? a.from < b.from : a.offset < b.offset;
  });
  first_.assign(count + 1, 0);
  for (const Edge& edge : edges_) ++first_[edge.from + 1];
  for (uint32_t i = 0; i < count; ++i) first_[i + 1] += first_[i];
  // Both point at each other: sure, even where that closes a cycle.
  for (const Edge& edge : edges_) {
    if (edge.inner || edge.outside || awaiter_[edge.from] != kNone) continue;
    const Edge* back = find(edge.to, edge.from);
    const bool elided = back == nullptr && lies_in(edge.from, edge.to);
    if (!elided && (back == nullptr || back->in_promise)) continue;
    if (elided || edge.in_promise || edge.offset < back->offset) connect(edge.from, edge.to, false);
  }
  // One points at the other from its promise: likely, but stale words look the same.
  std::vector<std::pair<uint32_t, uint32_t>> joins;
  for (const bool inner : {false, true})
    for (const Edge& edge : edges_) {
      if (edge.inner != inner || !edge.in_promise || awaiter_[edge.from] != kNone) continue;
      if (leads_to(edge.to, edge.from)) continue;
      connect(edge.from, edge.to, true);
      if (inner) joins.emplace_back(edge.from, edge.to);
    }
  if (!joins.empty()) confirm_joins(joins, read);
  adopt_finished();
}

}  // namespace track::process
