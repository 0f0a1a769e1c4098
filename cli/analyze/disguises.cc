#include "cli/analyze/disguises.h"

#include <algorithm>
#include <cstring>

#define TRACK_HOT inline __attribute__((always_inline))
#define TRACK_AVX2 __attribute__((target("avx2,popcnt,bmi")))

namespace track::analyze {
namespace {

constexpr uint64_t kAddressBits = (uint64_t{1} << 47) - 1;
constexpr size_t kMostHalves = 1 << 16;      // sought blocks; with more, accidents are certain
constexpr uint32_t kSmallestHalf = 1 << 16;  // smaller numbers are numbers
constexpr uint64_t kHalfBits = 1 << 20;
constexpr uint64_t kFar = 1 << 20;  // a distance that is no size
constexpr size_t kMostPatterns = 8;
constexpr size_t kPiece = 64, kBeyond = 8;
constexpr size_t kMostFound = size_t{1} << 24;

using Words = uint64_t __attribute__((vector_size(64)));
using Bytes = uint8_t __attribute__((vector_size(64)));
using Halves = uint32_t __attribute__((vector_size(64)));

TRACK_HOT uint64_t word_at(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

template <typename Vector>
TRACK_HOT bool any(const Vector& vector) {
  const auto w = reinterpret_cast<Words>(vector);
  return ((w[0] | w[1]) | (w[2] | w[3]) | (w[4] | w[5]) | (w[6] | w[7])) != 0;
}

uint64_t shown(uint64_t word, uint64_t guard) {
  return (word >> 17 | word << 47) ^ guard;
}

}  // namespace

Disguises::Disguises(const BlockMap& map, std::span<const Cell> sought, uint64_t guard)
    : map_(map),
      guard_(guard),
      sought_((map.cells() + 63) / 64, 0),
      pages_(kPages / 64, 0),
      halves_(kHalfBits / 64, 0),
      avx2_(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
            __builtin_cpu_supports("bmi")) {
  for (auto& span : spans_) span = {~uint64_t{0}, 0};
  for (const Cell cell : sought) {
    sought_[cell >> 6] |= uint64_t{1} << (cell & 63);
    const MemoryBlock& block = map.at(cell);
    const uint64_t last = (block.end() - 1) >> 12;
    for (uint64_t page = block.address >> 12; page <= last; ++page) {
      pages_[(page & (kPages - 1)) >> 6] |= uint64_t{1} << (page & 63);
      if (page - (block.address >> 12) >= kPages) break;
    }
    auto& [start, end] =
        spans_[block.address >= map.ranges()[1].first && block.address < map.ranges()[1].second];
    start = std::min(start, block.address);
    end = std::max(end, block.end());
    if (sought.size() > kMostHalves) continue;
    for (const uint64_t at : {block.address, block.address + 16}) {
      const auto half = static_cast<uint32_t>(at);
      if (half < kSmallestHalf || at >= block.end()) continue;
      lows_.push_back({half, cell});
      halves_[(half >> 4 & (kHalfBits - 1)) >> 6] |= uint64_t{1} << (half >> 4 & 63);
    }
  }
  for (auto& [start, end] : spans_) end = start < end ? end - start : 0;
  std::sort(lows_.begin(), lows_.end(), [](const Low& a, const Low& b) { return a.half < b.half; });
  find_patterns();
}

void Disguises::find_patterns() {
  std::vector<uint16_t> tops;
  for (size_t i = 0; i < sought_.size(); ++i)
    for (uint64_t bits = sought_[i]; bits != 0; bits &= bits - 1) {
      const MemoryBlock& block =
          map_.at(static_cast<Cell>(i * 64 + static_cast<size_t>(__builtin_ctzll(bits))));
      for (const uint64_t at : {block.address, block.end() - 1})
        if (const auto top = static_cast<uint16_t>(at >> 32); tops.empty() || tops.back() != top)
          tops.push_back(top);
    }
  std::sort(tops.begin(), tops.end());
  tops.erase(std::unique(tops.begin(), tops.end()), tops.end());
  const bool few = tops.size() <= kMostPatterns;
  for (const uint16_t top : tops) {
    const auto low = static_cast<uint8_t>(few ? top : 0);
    const auto high = static_cast<uint8_t>(top >> 8 & 0x7f);
    if (patterns_.empty() || patterns_.back().low != low || patterns_.back().high != high)
      patterns_.push_back({low, static_cast<uint8_t>(few ? 0xff : 0), high});
  }
}

TRACK_HOT void Disguises::try_any(uint64_t value, uint64_t at) {
  if (!maybe(value) || found_.size() >= kMostFound) return;
  const Cell cell = map_.find(value);
  if (cell != kNoCell && (sought_[cell >> 6] >> (cell & 63) & 1) != 0) found_.push_back({at, cell});
}

// Only what could be the address of an object, and not of anything inside of it.
TRACK_HOT void Disguises::try_start(uint64_t value, uint64_t at) {
  if (value % 16 != 0 || !maybe(value) || found_.size() >= kMostFound) return;
  const Cell cell = map_.find(value);
  if (cell == kNoCell || (sought_[cell >> 6] >> (cell & 63) & 1) == 0) return;
  if (const uint64_t into = value - map_.at(cell).address; into == 0 || into == 16)
    found_.push_back({at, cell});
}

TRACK_HOT void Disguises::try_half(uint32_t half, uint64_t at) {
  if ((halves_[(half >> 4 & (kHalfBits - 1)) >> 6] >> (half >> 4 & 63) & 1) == 0) return;
  const auto first =
      std::lower_bound(lows_.begin(), lows_.end(), half,
                       [](const Low& low, uint32_t value) { return low.half < value; });
  if (found_.size() >= kMostFound) return;
  for (auto low = first; low != lows_.end() && low->half == half; ++low)
    found_.push_back({at, low->cell});
}

// Whole words: `at` is a multiple of 8.
void Disguises::try_word(uint64_t word, uint64_t at) {
  if (word == 0) return;
  if (guard_ != 0) try_any(shown(word, guard_), at);
  for (const unsigned shift : {3, 4}) try_start(word << shift & kAddressBits, at);
  try_start((word >> 1) & kAddressBits, at);
  if (const uint64_t target = word + at; word + kFar > 2 * kFar)
    try_any(target, at);
  else
    try_start(target, at);
  if (lows_.empty()) return;
  const auto low = static_cast<uint32_t>(word), high = static_cast<uint32_t>(word >> 32);
  const bool plain = high != 0 && word >> 47 == 0 && maybe(word);
  if (low % 16 == 0 && !plain) try_half(low, at);
  if (high % 16 == 0) try_half(high, at);
}

// What begins at this very byte.
void Disguises::search_here(const std::byte* at, size_t readable, uint64_t address) {
  if (readable < 8) return;
  const uint64_t word = word_at(at);
  const bool aligned = address % 8 == 0;
  if (!aligned || word >> 47 != 0) try_any(word & kAddressBits, address);
  try_any(~word & kAddressBits, address);
  try_any(__builtin_bswap64(word) & kAddressBits, address);
  if (aligned) try_word(word, address);
}

// Words at each of 64 bytes, by the two highest bytes of what is sought.
TRACK_HOT void Disguises::search_bytes(const std::byte* at, uint64_t address) {
  Bytes third, fourth, fifth, sixth;
  std::memcpy(&third, at + 2, sizeof third);
  std::memcpy(&fourth, at + 3, sizeof fourth);
  std::memcpy(&fifth, at + 4, sizeof fifth);
  std::memcpy(&sixth, at + 5, sizeof sixth);
  third &= 0x7f;
  sixth &= 0x7f;
  for (const Pattern& p : patterns_) {
    const auto not_low = static_cast<uint8_t>(~p.low & p.low_mask);
    const auto not_high = static_cast<uint8_t>(~p.high & 0x7f);
    const auto plain = ((fifth & p.low_mask) == p.low) & (sixth == p.high);
    const auto complement = ((fifth & p.low_mask) == not_low) & (sixth == not_high);
    const auto turned = ((fourth & p.low_mask) == p.low) & (third == p.high);
    if (!any(plain | complement | turned)) continue;
    const auto each = [&](const auto& lanes, auto&& take) {
      const auto hits = reinterpret_cast<Words>(lanes);
      for (int i = 0; i < 8; ++i)
        for (uint64_t bits = hits[i] & 0x0101010101010101; bits != 0; bits &= bits - 1) {
          const auto lane = static_cast<uint64_t>(8 * i + __builtin_ctzll(bits) / 8);
          take(word_at(at + lane), address + lane);
        }
    };
    each(plain, [&](uint64_t word, uint64_t where) {
      if (where % 8 != 0 || word >> 47 != 0) try_any(word & kAddressBits, where);
    });
    if (any(complement))
      each(complement,
           [&](uint64_t word, uint64_t where) { try_any(~word & kAddressBits, where); });
    if (any(turned))
      each(turned, [&](uint64_t word, uint64_t where) {
        try_any(__builtin_bswap64(word) & kAddressBits, where);
      });
  }
}

// Eight aligned words.
TRACK_HOT void Disguises::search_lanes(const std::byte* at, uint64_t address) {
  Words word;
  std::memcpy(&word, at, sizeof word);
  if (!any(word)) return;
  constexpr Words kPlaces = {0, 8, 16, 24, 32, 40, 48, 56};
  Words lanes = {};
  const auto look = [&](const Words& value) {
    lanes |= reinterpret_cast<Words>(value - spans_[0].first < spans_[0].second);
    if (spans_[1].second != 0)
      lanes |= reinterpret_cast<Words>(value - spans_[1].first < spans_[1].second);
  };
  look(word + address + kPlaces);
  lanes &= reinterpret_cast<Words>(word != 0);
  look(word << 3 & kAddressBits);
  look(word << 4 & kAddressBits);
  look(word >> 1 & kAddressBits);
  if (guard_ != 0) look((word >> 17 | word << 47) ^ guard_);
  if (!lows_.empty()) {
    const auto half = reinterpret_cast<Halves>(word);
    lanes |= reinterpret_cast<Words>(((half & 15) == 0) & (half >= kSmallestHalf));
  }
  if (!any(lanes)) return;
  for (int i = 0; i < 8; ++i)
    if (lanes[i] != 0) try_word(word[i], address + static_cast<uint64_t>(8 * i));
}

TRACK_HOT void Disguises::search_pieces(std::span<const std::byte> bytes, uint64_t address) {
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left != 0 && address % 8 != 0; ++at, ++address, --left) search_here(at, left, address);
  for (; left >= kPiece + kBeyond; at += kPiece, address += kPiece, left -= kPiece) {
    search_bytes(at, address);
    search_lanes(at, address);
  }
  for (; left >= 8; ++at, ++address, --left) search_here(at, left, address);
}

TRACK_AVX2 void Disguises::search_with_avx2(std::span<const std::byte> bytes, uint64_t address) {
  search_pieces(bytes, address);
}
void Disguises::search_plain(std::span<const std::byte> bytes, uint64_t address) {
  search_pieces(bytes, address);
}

void Disguises::search(std::span<const std::byte> bytes, uint64_t address) {
  if (patterns_.empty()) return;
  avx2_ ? search_with_avx2(bytes, address) : search_plain(bytes, address);
}

void Disguises::search_words(std::span<const uint64_t> words, uint64_t name) {
  if (patterns_.empty()) return;
  const std::span<const std::byte> bytes = std::as_bytes(words);
  const size_t before = found_.size();
  // Distances from here mean nothing: at most they are an accident.
  for (size_t i = 0; i + 8 <= bytes.size(); ++i)
    search_here(bytes.data() + i, bytes.size() - i, i % 8);
  for (size_t i = before; i < found_.size(); ++i) found_[i].at = name;
}

}  // namespace track::analyze
