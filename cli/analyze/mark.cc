// Marked blocks are scanned in the order of their addresses, a group of neighbours at a time, so
// that the memory is read nearly in sequence; what they refer to waits in a short queue until its
// page of the map has come from memory. Both are worth a factor of two to five over a plain
// depth-first search.
#include "cli/analyze/mark.h"

#include <algorithm>
#include <cstring>

#define TRACK_HOT inline __attribute__((always_inline))
#define TRACK_AVX2 __attribute__((target("avx2,popcnt,bmi")))

namespace track::analyze {
namespace {

constexpr unsigned kGroupShift = 9;   // 512 cells: some 100 KB of small blocks
constexpr uint32_t kWorthwhile = 64;  // pending cells of a group that is scanned right away

// Eight words; compares and combines lane by lane on any processor.
using Words = uint64_t __attribute__((vector_size(64)));
constexpr Words kLaneBits = {1, 2, 4, 8, 16, 32, 64, 128};

// What of a word can be an address; the rest may be a tag.
constexpr uint64_t kAddressBits = (uint64_t{1} << 47) - 1;

size_t words(size_t bits) {
  return (bits + 63) / 64;
}

}  // namespace

Marker::Marker(std::span<const MemoryRegion> regions, std::span<const MemoryBlock> blocks)
    : regions_(regions),
      map_(blocks),
      marked_(words(map_.cells()), 0),
      pending_(words(map_.cells()), 0),
      waiting_((map_.cells() >> kGroupShift) + 1, 0),
      referrers_(map_.cells(), 0),
      queue_(kQueue),
      avx2_(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
            __builtin_cpu_supports("bmi")) {
  // Nobody asks whether a gap is reached, so that it need not be told from a block later.
  for (Cell cell = 0; cell < map_.cells(); ++cell)
    if (!map_.is_block(cell)) marked_[cell >> 6] |= uint64_t{1} << (cell & 63);
}

std::span<const std::byte> Marker::bytes_from(uint64_t& at, uint64_t end) const {
  if (last_region_ >= regions_.size() ||
      at - regions_[last_region_].address >= regions_[last_region_].bytes.size()) {
    const auto after = std::upper_bound(
        regions_.begin(), regions_.end(), at,
        [](uint64_t address, const MemoryRegion& region) { return address < region.end(); });
    if (after == regions_.end() || after->address >= end) return {};
    last_region_ = static_cast<size_t>(after - regions_.begin());
    at = std::max(at, after->address);
  }
  const MemoryRegion& region = regions_[last_region_];
  const uint64_t offset = at - region.address;
  return region.bytes.subspan(offset, std::min<uint64_t>(end - at, region.bytes.size() - offset));
}

TRACK_HOT void Marker::take(Cell cell, uint64_t referrer) {
  const uint64_t bit = uint64_t{1} << (cell & 63);
  if ((marked_[cell >> 6] & bit) != 0) return;
  marked_[cell >> 6] |= bit;
  pending_[cell >> 6] |= bit;
  referrers_[cell] = referrer;
  ++waiting_[cell >> kGroupShift];
  ++waiting_total_;
}

TRACK_HOT void Marker::drain(uint32_t keep) {
  while (tail_ - head_ > keep) {
    const Candidate& candidate = queue_[head_++ % kQueue];
    take(BlockMap::cell_in(map_.page(candidate.page), candidate.granule), candidate.referrer);
  }
}

TRACK_HOT void Marker::push(uint64_t value, uint64_t referrer) {
  const uint32_t page = map_.page_of(value);
  if (page == ~0u) return;
  __builtin_prefetch(&map_.page(page));
  queue_[tail_++ % kQueue] = {page, BlockMap::granule_of(value), referrer};
}

// Filters eight words at a time by the two ranges in which blocks lie; most words are in neither.
TRACK_HOT void Marker::scan(std::span<const std::byte> bytes, uint64_t address) {
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size() / 8 * 8;
  const auto* const ranges = map_.ranges();
  const uint64_t low_a = ranges[0].first, span_a = ranges[0].second - low_a;
  const uint64_t low_b = ranges[1].first, span_b = ranges[1].second - low_b;
  const auto look = [&](const std::byte* from, uint64_t referrer) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    if (word - low_a < span_a || word - low_b < span_b) push(word, referrer);
  };
  for (; at + 64 <= end; at += 64, address += 64) {
    Words word;
    std::memcpy(&word, at, sizeof word);
    const Words hit =
        reinterpret_cast<Words>((word - low_a < span_a) | (word - low_b < span_b)) & kLaneBits;
    auto hits = static_cast<uint32_t>((hit[0] | hit[1]) | (hit[2] | hit[3]) | (hit[4] | hit[5]) |
                                      (hit[6] | hit[7]));
    if (hits == 0) continue;
    do {
      const auto lane = static_cast<uint32_t>(__builtin_ctz(hits));
      hits &= hits - 1;
      uint64_t value;
      std::memcpy(&value, at + 8 * lane, sizeof value);
      push(value, address + 8 * lane);
    } while (hits != 0);
    if (tail_ - head_ > kQueue - 16) drain(kQueue / 2);
  }
  for (; at < end; at += 8, address += 8) look(at, address);
  if (tail_ - head_ > kQueue - 16) drain(kQueue / 2);
}

TRACK_HOT void Marker::sweep() {
  drain(0);
  while (waiting_total_ != 0) {
    // First the groups where many wait; those with few may gather more meanwhile.
    for (const uint32_t least : {kWorthwhile, uint32_t{1}}) {
      for (size_t group = 0; group < waiting_.size() && waiting_total_ != 0; ++group) {
        if (waiting_[group] < least) continue;
        const size_t first = group << (kGroupShift - 6);
        const size_t last = std::min(first + (size_t{1} << (kGroupShift - 6)), pending_.size());
        for (size_t word = first; word < last; ++word) {
          while (pending_[word] != 0) {
            const auto bit = static_cast<uint32_t>(__builtin_ctzll(pending_[word]));
            pending_[word] &= pending_[word] - 1;
            --waiting_[group];
            --waiting_total_;
            const Cell cell = static_cast<Cell>(word * 64) + bit;
            const uint64_t end = map_.at(cell).end();
            for (uint64_t at = map_.at(cell).address; at < end;) {
              const std::span<const std::byte> bytes = bytes_from(at, end);
              if (bytes.empty()) break;
              scan(bytes, at);
              at += bytes.size();
            }
          }
        }
        drain(0);
      }
    }
  }
}

TRACK_AVX2 void Marker::scan_with_avx2(std::span<const std::byte> bytes, uint64_t address) {
  scan(bytes, address);
}
TRACK_AVX2 void Marker::sweep_with_avx2() {
  sweep();
}

void Marker::scan_plain(std::span<const std::byte> bytes, uint64_t address) {
  scan(bytes, address);
}
void Marker::sweep_plain() {
  sweep();
}

void Marker::mark_from(std::span<const std::byte> bytes, uint64_t address) {
  if (const uint64_t skip = -address % 8; skip != 0) {
    if (bytes.size() < skip) return;
    bytes = bytes.subspan(skip);
    address += skip;
  }
  avx2_ ? scan_with_avx2(bytes, address) : scan_plain(bytes, address);
}

void Marker::mark_word(uint64_t value, uint64_t referrer) {
  if (const Cell cell = map_.find(value & kAddressBits); cell != kNoCell) take(cell, referrer);
}

void Marker::mark_block(Cell cell, uint64_t referrer) {
  take(cell, referrer);
}

void Marker::finish() {
  avx2_ ? sweep_with_avx2() : sweep_plain();
}

std::vector<Cell> Marker::unreached() const {
  std::vector<Cell> cells;
  for (size_t i = 0; i < marked_.size(); ++i)
    for (uint64_t bits = ~marked_[i]; bits != 0; bits &= bits - 1)
      if (const auto cell = static_cast<Cell>(i * 64 + static_cast<size_t>(__builtin_ctzll(bits)));
          cell < map_.cells())
        cells.push_back(cell);
  return cells;
}

template <typename Visit>
void Marker::each_reference(Cell cell, Visit visit) const {
  const uint64_t end = map_.at(cell).end();
  for (uint64_t at = map_.at(cell).address; at < end;) {
    const std::span<const std::byte> bytes = bytes_from(at, end);
    if (bytes.empty()) return;
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      const Cell to = map_.find(word & kAddressBits);
      if (to != kNoCell && map_.is_block(to) && !reached(to)) visit(to);
    }
    at += bytes.size();
  }
}

std::span<const std::byte> Marker::bytes_of(Cell cell) const {
  uint64_t at = map_.at(cell).address;
  const std::span<const std::byte> bytes = bytes_from(at, map_.at(cell).end());
  return at == map_.at(cell).address ? bytes : std::span<const std::byte>();
}

std::vector<Marker::Loose> Marker::loose() const {
  std::vector<bool> referred(map_.cells(), false), taken(map_.cells(), false);
  const auto unreached = [&](Cell cell) { return map_.is_block(cell) && !reached(cell); };
  for (Cell cell = 0; cell < map_.cells(); ++cell)
    if (unreached(cell))
      each_reference(cell, [&](Cell to) {
        if (to != cell) referred[to] = true;
      });
  std::vector<Loose> result;
  std::vector<Cell> todo;
  for (const bool in_circles : {false, true})
    for (Cell cell = 0; cell < map_.cells(); ++cell) {
      if (!unreached(cell) || taken[cell] || (referred[cell] && !in_circles)) continue;
      Loose loose{cell};
      taken[cell] = true;
      todo.push_back(cell);
      while (!todo.empty()) {
        const Cell from = todo.back();
        todo.pop_back();
        each_reference(from, [&](Cell to) {
          if (taken[to]) return;
          taken[to] = true;
          ++loose.count;
          loose.bytes += map_.at(to).bytes;
          todo.push_back(to);
        });
      }
      result.push_back(loose);
    }
  return result;
}

std::vector<uint64_t> Marker::held_only_by(std::span<const std::vector<Cell>> groups) const {
  constexpr uint32_t kNobody = 0, kSeveral = 1, kFirst = 2;
  std::vector<uint32_t> owner(map_.cells(), kNobody), seen(map_.cells(), 0);
  std::vector<Cell> todo;
  for (uint32_t group = 0; group < groups.size(); ++group) {
    const uint32_t self = group + kFirst;
    const auto visit = [&](Cell cell) {
      if (seen[cell] == self) return;
      seen[cell] = self;
      owner[cell] = owner[cell] == kNobody ? self : kSeveral;
      todo.push_back(cell);
    };
    for (const Cell cell : groups[group])
      if (map_.is_block(cell) && !reached(cell)) visit(cell);
    while (!todo.empty()) {
      const Cell from = todo.back();
      todo.pop_back();
      each_reference(from, visit);
    }
  }
  std::vector<uint64_t> held(groups.size(), 0);
  for (Cell cell = 0; cell < owner.size(); ++cell)
    if (owner[cell] >= kFirst) held[owner[cell] - kFirst] += map_.at(cell).bytes;
  return held;
}

}  // namespace track::analyze
