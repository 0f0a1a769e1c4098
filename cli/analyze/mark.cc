// Marked blocks are scanned in the order of their addresses, a group of neighbours at a time, so
// that the memory is read nearly in sequence; what they refer to waits in a short queue until its
// page of the map, and then its bits, have come from memory. Each is worth a factor of two to five
// over a plain depth-first search.
#include "cli/analyze/mark.h"

#include <algorithm>
#include <cstring>
#include <utility>

#define TRACK_HOT inline __attribute__((always_inline))
#define TRACK_AVX2 __attribute__((target("avx2,popcnt,bmi")))

namespace track::analyze {
namespace {

constexpr unsigned kGroupShift = 9;   // 512 cells: some 100 KB of small blocks
constexpr uint32_t kWorthwhile = 64;  // pending cells of a group that is scanned right away

constexpr uint32_t kQueue = 64;    // candidates whose page of the map is on its way
constexpr uint32_t kBehind = 24;   // of those, whose bits are
constexpr uint64_t kSmall = 4096;  // bytes of a block that is looked through for a referrer again
constexpr uint32_t kAhead = 8;     // blocks that are fetched before they are looked through
constexpr size_t kFetched = 256;   // bytes of them
constexpr uint64_t kCellBit = uint64_t{1} << 63;  // a referrer that is a cell, not a place

// Four words; compares and combines lane by lane on any processor.
using Words = uint64_t __attribute__((vector_size(32)));
constexpr Words kLowBits = {1, 2, 4, 8}, kHighBits = {16, 32, 64, 128};

// What of a word can be an address; the rest may be a tag.
constexpr uint64_t kAddressBits = (uint64_t{1} << 47) - 1;

size_t words(size_t bits) {
  return (bits + 63) / 64;
}

}  // namespace

// What the loops work with. A copy of their own, in registers as far as they go: to the compiler
// any store to a table might change the marker's members.
struct Marker::Hot {
  struct Candidate {
    uint64_t referrer;  // a place, or a cell and kCellBit
    uint32_t where;     // page of the map, then cell
    uint32_t granule;
  };

  explicit Hot(Marker& marker)
      : map(marker.map_),
        bits(marker.bits_.data()),
        waiting(marker.waiting_.data()),
        referrers(marker.referrers_.data()),
        words(marker.words_),
        low_a(map.ranges()[0].first),
        span_a(map.ranges()[0].second - low_a),
        low_b(map.ranges()[1].first),
        span_b(map.ranges()[1].second - low_b) {}

  TRACK_HOT void take(Cell cell, uint64_t referrer) {
    Bits& both = bits[cell >> 6];
    const uint64_t bit = uint64_t{1} << (cell & 63);
    if ((both.marked & bit) != 0) return;
    both.marked |= bit;
    both.pending |= bit;
    ++waiting[cell >> kGroupShift];
    ++taken;
    if ((referrer & kCellBit) == 0 || referrer >> 48 != kCellBit >> 48) {
      referrers[cell] = kWord | static_cast<uint32_t>(words.size());
      words.push_back(referrer);
    } else {
      referrers[cell] = static_cast<uint32_t>(referrer) + 1;
    }
  }

  // Until at most `keep` candidates wait for their page.
  TRACK_HOT void drain(uint32_t keep, uint32_t behind) {
    for (; tail - looked > keep; ++looked) {
      Candidate& candidate = queue[looked % kQueue];
      candidate.where = BlockMap::cell_in(map.page(candidate.where), candidate.granule);
      __builtin_prefetch(&bits[candidate.where >> 6], 1);
    }
    for (; looked - head > behind; ++head)
      take(queue[head % kQueue].where, queue[head % kQueue].referrer);
  }
  TRACK_HOT void drain() { drain(0, 0); }

  TRACK_HOT void push(uint64_t value, uint64_t referrer) {
    const uint32_t page = map.page_of(value);
    if (page == ~0u) return;
    __builtin_prefetch(&map.page(page));
    queue[tail++ % kQueue] = {referrer, page, BlockMap::granule_of(value)};
  }

  // Which of eight words may be addresses of blocks: most words are in neither range.
  TRACK_HOT uint32_t hits_of(const std::byte* at) const {
    Words first, second;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&second, at + sizeof first, sizeof second);
    const Words hit =
        (reinterpret_cast<Words>((first - low_a < span_a) | (first - low_b < span_b)) & kLowBits) |
        (reinterpret_cast<Words>((second - low_a < span_a) | (second - low_b < span_b)) &
         kHighBits);
    return static_cast<uint32_t>((hit[0] | hit[2]) | (hit[1] | hit[3]));
  }

  // step: 1 when the referrer is the place of the first word, 0 when it is the same for all.
  // readable: bytes from `at` on that may be looked at, if not as words.
  TRACK_HOT void scan(const std::byte* at, size_t bytes, size_t readable, uint64_t referrer,
                      uint64_t step) {
    const auto push_all = [&](uint32_t hits) {
      for (; hits != 0; hits &= hits - 1) {
        const auto lane = static_cast<uint32_t>(__builtin_ctz(hits));
        uint64_t value;
        std::memcpy(&value, at + 8 * lane, sizeof value);
        push(value, referrer + 8 * lane * step);
      }
      if (tail - head > kQueue - 16) drain(kQueue / 4, kBehind);
    };
    for (; bytes >= 64; at += 64, referrer += 64 * step, bytes -= 64, readable -= 64)
      if (const uint32_t hits = hits_of(at); hits != 0) push_all(hits);
    if (bytes < 8) return;
    std::byte rest[64];
    const std::byte* from = at;
    if (readable < 64) {
      std::memset(rest, 0, sizeof rest);
      std::memcpy(rest, at, bytes);
      from = rest;
    }
    if (const uint32_t hits = hits_of(from) & ((1u << bytes / 8) - 1); hits != 0) push_all(hits);
  }

  const BlockMap& map;
  Bits* const bits;
  uint32_t* const waiting;
  uint32_t* const referrers;
  std::vector<uint64_t>& words;
  const uint64_t low_a, span_a, low_b, span_b;
  uint64_t taken = 0;  // pending cells that came
  uint32_t head = 0, looked = 0, tail = 0;
  Candidate queue[kQueue];
};

// What of a block was read in one piece.
struct Marker::Piece {
  std::span<const std::byte> bytes;
  size_t readable;
  uint64_t address;
  Cell cell;
};

// Blocks whose first bytes are on their way.
struct Marker::Ahead {
  static constexpr uint32_t kRoom = 32;
  uint32_t count() const { return end - begin; }
  Piece& pop() { return pieces[begin++ % kRoom]; }

  uint32_t begin = 0, end = 0;
  Piece pieces[kRoom];
};

Marker::Marker(std::span<const MemoryRegion> regions, std::span<const MemoryBlock> blocks)
    : regions_(regions),
      map_(blocks),
      bits_(words(map_.cells())),
      waiting_((map_.cells() >> kGroupShift) + 1, 0),
      referrers_(map_.cells(), 0),
      avx2_(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
            __builtin_cpu_supports("bmi")) {
  // Nobody asks whether a gap is reached, so that it need not be told from a block later.
  for (Cell cell = 0; cell < map_.cells(); ++cell)
    if (!map_.is_block(cell)) exclude(cell);
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

TRACK_HOT void Marker::scan(std::span<const std::byte> bytes, uint64_t address) {
  Hot hot(*this);
  hot.scan(bytes.data(), bytes.size(), bytes.size(), address, 1);
  hot.drain();
  waiting_total_ += hot.taken;
}

TRACK_HOT void Marker::sweep() {
  if (waiting_total_ == 0) return;
  Hot hot(*this);
  Ahead ahead;
  uint64_t left = waiting_total_;
  while (left + hot.taken != 0) {
    // First the groups where many wait; those with few may gather more meanwhile.
    for (const uint32_t least : {kWorthwhile, uint32_t{1}}) {
      for (size_t group = 0; group < waiting_.size(); ++group) {
        if (hot.waiting[group] < least) continue;
        const size_t first = group << (kGroupShift - 6);
        const size_t last = std::min(first + (size_t{1} << (kGroupShift - 6)), bits_.size());
        for (size_t word = first; word < last; ++word) {
          const uint64_t pending = std::exchange(hot.bits[word].pending, 0);
          const auto count = static_cast<uint32_t>(__builtin_popcountll(pending));
          hot.waiting[group] -= count;
          left -= count;
          if (word + 1 < last) fetch_cells(static_cast<Cell>(word + 1) * 64);
          for (uint64_t bits = pending; bits != 0; bits &= bits - 1) {
            add(ahead, static_cast<Cell>(word * 64) + static_cast<Cell>(__builtin_ctzll(bits)));
            if (ahead.count() > kAhead) look_through(hot, ahead.pop());
          }
        }
      }
      while (ahead.count() != 0) look_through(hot, ahead.pop());
      hot.drain();
    }
  }
  waiting_total_ = 0;
}

TRACK_HOT void Marker::fetch_cells(Cell first) const {
  constexpr Cell kLine = 64 / sizeof(MemoryBlock);
  const Cell end = std::min<Cell>(first + 64, static_cast<Cell>(map_.cells()));
  for (Cell cell = first; cell < end; cell += kLine) __builtin_prefetch(&map_.at(cell));
}

TRACK_HOT void Marker::add(Ahead& ahead, Cell cell) const {
  Piece& piece = ahead.pieces[ahead.end % Ahead::kRoom];
  piece.cell = cell;
  piece.address = map_.at(cell).address;
  piece.bytes = bytes_from(piece.address, map_.at(cell).end());
  if (piece.bytes.empty()) return;
  piece.readable = regions_[last_region_].end() - piece.address;
  for (size_t at = 0; at < std::min(piece.bytes.size(), kFetched); at += 64)
    __builtin_prefetch(piece.bytes.data() + at);
  ++ahead.end;
}

TRACK_HOT void Marker::look_through(Hot& hot, Piece& piece) const {
  const MemoryBlock& block = map_.at(piece.cell);
  const bool small = block.bytes <= kSmall;
  for (;;) {
    hot.scan(piece.bytes.data(), piece.bytes.size(), piece.readable,
             small ? piece.cell | kCellBit : piece.address, small ? 0 : 1);
    piece.address += piece.bytes.size();
    if (piece.address >= block.end()) return;
    piece.bytes = bytes_from(piece.address, block.end());
    if (piece.bytes.empty()) return;
    piece.readable = regions_[last_region_].end() - piece.address;
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
  if (const Cell cell = map_.find(value & kAddressBits); cell != kNoCell)
    mark_block(cell, referrer);
}

void Marker::mark_block(Cell cell, uint64_t referrer) {
  Hot hot(*this);
  hot.take(cell, referrer);
  waiting_total_ += hot.taken;
}

uint64_t Marker::referrer(Cell cell) const {
  const uint32_t by = referrers_[cell];
  if ((by & kWord) != 0) return words_[by & ~kWord];
  if (by == 0) return 0;
  const MemoryBlock& block = map_.at(by - 1);
  for (uint64_t at = block.address; at < block.end();) {
    const std::span<const std::byte> bytes = bytes_from(at, block.end());
    if (bytes.empty()) break;
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      if (map_.find(word) == cell) return at + i;
    }
    at += bytes.size();
  }
  return block.address;
}

Cell Marker::referring_cell(Cell cell) const {
  const uint32_t by = referrers_[cell];
  if ((by & kWord) == 0) return by - 1;
  const uint64_t place = words_[by & ~kWord];
  return place >> 47 != 0 ? kNoCell : map_.find(place);
}

void Marker::finish() {
  avx2_ ? sweep_with_avx2() : sweep_plain();
}

std::vector<Cell> Marker::unreached() const {
  std::vector<Cell> cells;
  for (size_t i = 0; i < bits_.size(); ++i)
    for (uint64_t bits = ~bits_[i].marked; bits != 0; bits &= bits - 1)
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
