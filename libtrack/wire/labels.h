// labels.h: what a program calls its tasks by (include/track/track.h): sets of key = value, of
// which each task has one. Texts and sets are open-addressing tables; an entry is only added, never
// changed or taken back, so its index is its name for good. Index 0 is never used: set 0 is the
// empty one, text 0 the end of a set.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

struct LabelText {
  std::atomic<uint64_t> identity;  // hash of the whole text; 0 = free
  std::atomic<uint32_t> bytes;     // written last; 0 = not there (yet)
  char text[244];                  // ends with a null byte; longer ones are cut off
};
static_assert(sizeof(LabelText) == 256);

inline constexpr uint32_t kLabelsMost = 8;
struct LabelSet {
  std::atomic<uint64_t> identity;            // hash of the pairs; 0 = free
  std::atomic<uint32_t> pairs[kLabelsMost];  // text of the key << 16 | text of the value,
                                             // ascending; zeros behind; the first is written last
};
static_assert(sizeof(LabelSet) == 40);

// A set's index has 15 bits in an entry of the coroutines.
inline constexpr uint32_t kLabelSets = 1 << 15;
inline constexpr uint32_t kLabelTexts = 1 << 15;

}  // namespace track::wire
