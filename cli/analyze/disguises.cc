#include "cli/analyze/disguises.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#define TRACK_HOT inline __attribute__((always_inline))
// The compiler takes vectors apart in each function by that function's own target.
#define TRACK_AVX2 __attribute__((target("avx2,popcnt,bmi")))

namespace track::analyze {
namespace {

constexpr uint64_t kAddressBits = (uint64_t{1} << 47) - 1;
constexpr size_t kMostHalves = 1 << 16;      // sought blocks; with more, accidents are certain
constexpr uint32_t kSmallestHalf = 1 << 16;  // smaller numbers are numbers
constexpr uint64_t kHalfBits = 1 << 20;
constexpr uint64_t kFar = 1 << 20;   // a distance that is no size
constexpr size_t kMostPatterns = 8;  // with more, only the highest byte of each
constexpr size_t kMostHighs = 128;
constexpr size_t kPiece = 32, kBeyond = 8;
constexpr uint32_t kAligned = 0x01010101;  // of 32 bytes
constexpr size_t kMostFound = size_t{1} << 24;

TRACK_HOT uint64_t word_at(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

TRACK_AVX2 TRACK_HOT __m256i all_bytes(uint8_t byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}
TRACK_AVX2 TRACK_HOT __m256i all_words(uint64_t word) {
  return _mm256_set1_epi64x(static_cast<long long>(word));
}
TRACK_AVX2 TRACK_HOT __m256i load(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
TRACK_AVX2 TRACK_HOT uint32_t both(__m256i a, __m256i b, __m256i is_a, __m256i is_b) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(
      _mm256_and_si256(_mm256_cmpeq_epi8(a, is_a), _mm256_cmpeq_epi8(b, is_b))));
}
TRACK_AVX2 TRACK_HOT __m256i all_pairs(uint16_t pair) {
  return _mm256_set1_epi16(static_cast<int16_t>(pair));
}
TRACK_AVX2 TRACK_HOT __m256i either(__m256i a, __m256i b) {
  return _mm256_or_si256(a, b);
}

// Which words, or halves of words, lie in a range. There is no comparison of unsigned ones; with
// the highest bit of both sides turned over, the signed one is it.
struct Range {
  __m256i start, length;
};
TRACK_AVX2 TRACK_HOT Range words_from(uint64_t start, uint64_t length) {
  return {all_words(start ^ uint64_t{1} << 63), all_words(length ^ uint64_t{1} << 63)};
}
TRACK_AVX2 TRACK_HOT Range halves_from(uint32_t start, uint32_t length) {
  return {_mm256_set1_epi32(static_cast<int>(start ^ uint32_t{1} << 31)),
          _mm256_set1_epi32(static_cast<int>(length ^ uint32_t{1} << 31))};
}
TRACK_AVX2 TRACK_HOT __m256i words_in(const Range& range, __m256i words) {
  return _mm256_cmpgt_epi64(range.length, _mm256_sub_epi64(words, range.start));
}
TRACK_AVX2 TRACK_HOT __m256i halves_in(const Range& range, __m256i halves) {
  return _mm256_cmpgt_epi32(range.length, _mm256_sub_epi32(halves, range.start));
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
  for (auto& span : half_spans_) span = {~uint32_t{0}, 0};
  for (const Cell cell : sought) {
    sought_[cell >> 6] |= uint64_t{1} << (cell & 63);
    const MemoryBlock& block = map.at(cell);
    const uint64_t last = (block.end() - 1) >> 12;
    for (uint64_t page = block.address >> 12; page <= last; ++page) {
      pages_[(page & (kPages - 1)) >> 6] |= uint64_t{1} << (page & 63);
      if (page - (block.address >> 12) >= kPages) break;
    }
    const bool second =
        block.address >= map.ranges()[1].first && block.address < map.ranges()[1].second;
    auto& [start, end] = spans_[second];
    start = std::min(start, block.address);
    end = std::max(end, block.end());
    if (sought.size() > kMostHalves) continue;
    for (const uint64_t at : {block.address, block.address + 16}) {
      const auto half = static_cast<uint32_t>(at);
      if (half < kSmallestHalf || at >= block.end()) continue;
      lows_.push_back({half, cell});
      auto& [least, most] = half_spans_[second];
      least = std::min(least, half);
      most = std::max(most, half);
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
    target % 8 == 0 ? try_any(target, at) : void();
  else
    try_start(target, at);
  if (lows_.empty()) return;
  const auto low = static_cast<uint32_t>(word), high = static_cast<uint32_t>(word >> 32);
  // A plain address has its lower half too.
  const bool plain = std::any_of(std::begin(spans_), std::end(spans_),
                                 [&](const auto& span) { return word - span.first < span.second; });
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

// Words at each of 32 bytes, by the two highest bytes of what is sought.
TRACK_AVX2 void Disguises::search_bytes(const std::byte* at, uint64_t address) {
  const __m256i seven = all_bytes(0x7f);
  const __m256i third = _mm256_and_si256(load(at + 2), seven), fourth = load(at + 3);
  const __m256i fifth = load(at + 4), sixth = _mm256_and_si256(load(at + 5), seven);
  for (const Pattern& p : patterns_) {
    const __m256i mask = all_bytes(p.low_mask);
    const __m256i low = all_bytes(p.low), high = all_bytes(p.high);
    const __m256i not_low = all_bytes(static_cast<uint8_t>(~p.low & p.low_mask));
    const __m256i not_high = all_bytes(static_cast<uint8_t>(~p.high & 0x7f));
    const __m256i near_low = _mm256_and_si256(fifth, mask);
    uint32_t hits = both(near_low, sixth, low, high);
    if (hits != 0) {
      const __m256i zero = _mm256_setzero_si256();
      hits &= ~(kAligned & both(load(at + 6), load(at + 7), zero, zero) &
                both(load(at + 5), sixth, high, high));
    }
    for (; hits != 0; hits &= hits - 1) {
      const auto lane = static_cast<uint32_t>(__builtin_ctz(hits));
      try_any(word_at(at + lane) & kAddressBits, address + lane);
    }
    for (hits = both(near_low, sixth, not_low, not_high); hits != 0; hits &= hits - 1) {
      const auto lane = static_cast<uint32_t>(__builtin_ctz(hits));
      try_any(~word_at(at + lane) & kAddressBits, address + lane);
    }
    for (hits = both(_mm256_and_si256(fourth, mask), third, low, high); hits != 0;
         hits &= hits - 1) {
      const auto lane = static_cast<uint32_t>(__builtin_ctz(hits));
      try_any(__builtin_bswap64(word_at(at + lane)) & kAddressBits, address + lane);
    }
  }
}

// hits: a bit for each byte of four words.
void Disguises::search_lanes(const std::byte* at, uint64_t address, uint32_t hits) {
  for (uint64_t lane = 0; hits != 0; ++lane, hits >>= 8)
    if ((hits & 0xff) != 0) try_word(word_at(at + 8 * lane), address + 8 * lane);
}

// Of 32 bytes at a time it is told first, without a branch, whether anything can begin there: by
// the two highest bytes of what is sought, at each byte, and by what its aligned words lead to.
TRACK_AVX2 void Disguises::search_with_avx2(std::span<const std::byte> bytes, uint64_t address) {
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left != 0 && address % 8 != 0; ++at, ++address, --left) search_here(at, left, address);

  struct Top {
    __m256i plain, turned, swapped;  // as it stands in memory; complemented; in the network's order
  } tops[kMostHighs];
  const size_t top_count = patterns_.size();
  const auto low_mask = patterns_.front().low_mask;
  const __m256i pair_mask = all_pairs(static_cast<uint16_t>(0x7f00 | low_mask));
  const __m256i swapped_mask = all_pairs(static_cast<uint16_t>(low_mask << 8 | 0x7f));
  for (size_t i = 0; i < top_count; ++i) {
    const auto top = static_cast<uint16_t>(patterns_[i].high << 8 | patterns_[i].low);
    const auto swapped = static_cast<uint16_t>(patterns_[i].low << 8 | patterns_[i].high);
    tops[i] = {all_pairs(top), _mm256_andnot_si256(all_pairs(top), pair_mask), all_pairs(swapped)};
  }
  Range spans[2], halves[2];
  size_t span_count = 0, half_count = 0;
  for (const auto& [start, length] : spans_)
    if (length != 0) spans[span_count++] = words_from(start, length);
  for (const auto& [least, most] : half_spans_)
    if (least <= most) halves[half_count++] = halves_from(least, most - least + 1);
  const __m256i zero = _mm256_setzero_si256(), bits = all_words(kAddressBits);
  const __m256i guard = all_words(guard_), seven = all_words(7), one = all_words(1);
  const __m256i fifteen = _mm256_set1_epi32(15), page_mask = all_words(kPages - 1);
  const auto* const pages = reinterpret_cast<const long long*>(pages_.data());

  for (; left >= kPiece + kBeyond; at += kPiece, address += kPiece, left -= kPiece) {
    const __m256i word = load(at);
    if (const __m256i all = either(word, load(at + kBeyond)); _mm256_testz_si256(all, all) != 0)
      continue;
    const __m256i is_zero = _mm256_cmpeq_epi64(word, zero);
    // Aligned plain addresses are what marking has seen.
    const __m256i plain_word = _mm256_cmpeq_epi64(_mm256_srli_epi64(word, 47), zero);
    const __m256i seen = _mm256_srli_epi64(plain_word, 48);
    const __m256i even = _mm256_and_si256(load(at + 4), pair_mask);
    const __m256i odd = _mm256_and_si256(load(at + 5), pair_mask);
    const __m256i even_swapped = _mm256_and_si256(load(at + 2), swapped_mask);
    const __m256i odd_swapped = _mm256_and_si256(load(at + 3), swapped_mask);
    __m256i anywhere = zero;
    for (size_t i = 0; i < top_count; ++i) {
      const Top& top = tops[i];
      anywhere = either(anywhere, _mm256_andnot_si256(seen, _mm256_cmpeq_epi16(even, top.plain)));
      anywhere = either(anywhere, either(_mm256_cmpeq_epi16(even, top.turned),
                                         _mm256_cmpeq_epi16(odd, top.turned)));
      anywhere = either(anywhere, either(_mm256_cmpeq_epi16(odd, top.plain),
                                         _mm256_cmpeq_epi16(even_swapped, top.swapped)));
      anywhere = either(anywhere, _mm256_cmpeq_epi16(odd_swapped, top.swapped));
    }

    const __m256i there = _mm256_add_epi64(all_words(address), _mm256_setr_epi64x(0, 8, 16, 24));
    const __m256i far = _mm256_add_epi64(word, there);
    const __m256i forms[] = {
        _mm256_and_si256(_mm256_slli_epi64(word, 3), bits),
        _mm256_and_si256(_mm256_slli_epi64(word, 4), bits),
        _mm256_and_si256(_mm256_srli_epi64(word, 1), bits),
        _mm256_xor_si256(either(_mm256_srli_epi64(word, 17), _mm256_slli_epi64(word, 47)), guard)};
    __m256i lanes = zero, plain = zero, near = zero;
    for (size_t i = 0; i < span_count; ++i) {
      plain = either(plain, words_in(spans[i], word));
      near = either(near, words_in(spans[i], far));
      for (const __m256i& form : forms) lanes = either(lanes, words_in(spans[i], form));
    }
    // Small numbers are everywhere, and all of them lead to somewhere near: the page decides.
    const __m256i page = _mm256_and_si256(_mm256_srli_epi64(far, 12), page_mask);
    const __m256i of_64 = _mm256_i64gather_epi64(pages, _mm256_srli_epi64(page, 6), 8);
    const __m256i sought =
        _mm256_and_si256(_mm256_srlv_epi64(of_64, _mm256_and_si256(page, all_words(63))), one);
    near = _mm256_and_si256(near, _mm256_cmpeq_epi64(_mm256_and_si256(far, seven), zero));
    lanes = either(lanes, _mm256_and_si256(near, _mm256_cmpeq_epi64(sought, one)));
    if (half_count != 0) {
      __m256i half = halves_in(halves[0], word);
      if (half_count > 1) half = either(half, halves_in(halves[1], word));
      const __m256i round = _mm256_cmpeq_epi32(_mm256_and_si256(word, fifteen), zero);
      lanes = either(lanes, _mm256_andnot_si256(plain, _mm256_and_si256(half, round)));
    }
    lanes = _mm256_andnot_si256(is_zero, lanes);

    const __m256i any = either(anywhere, lanes);
    if (_mm256_testz_si256(any, any) != 0) continue;
    if (_mm256_testz_si256(anywhere, anywhere) == 0) search_bytes(at, address);
    if (const auto hits = static_cast<uint32_t>(_mm256_movemask_epi8(lanes)); hits != 0)
      search_lanes(at, address, hits);
  }
  for (; left >= 8; ++at, ++address, --left) search_here(at, left, address);
}

// Some thirty times as slow: processors without AVX2 are old.
void Disguises::search_plain(std::span<const std::byte> bytes, uint64_t address) {
  for (size_t i = 0; i + 8 <= bytes.size(); ++i)
    search_here(bytes.data() + i, bytes.size() - i, address + i);
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
