#include "libtrack/core/labels.h"

#include "libtrack/core/text.h"
#include "libtrack/wire/labels.h"

namespace track::core {
namespace {

using wire::kLabelsMost;
using wire::LabelSet;
using wire::LabelText;
using wire::SectionKind;

constexpr uint32_t kProbes = 256;
constexpr uint64_t kPrime = 0x100000001b3u;
constexpr uint64_t kBasis = 0xcbf29ce484222325u;

// 0 stands for a free entry, and the lowest bits choose the place.
uint64_t finished(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15u;
  hash ^= hash >> 29;
  return hash == 0 ? 1 : hash;
}

struct Measured {
  uint64_t hash;
  uint32_t bytes;  // as many as are kept
};
Measured measure(const char* text) {
  uint64_t hash = kBasis;
  uint32_t bytes = 0;
  for (; *text != 0; ++text) {
    hash = (hash ^ static_cast<unsigned char>(*text)) * kPrime;
    if (bytes < sizeof(LabelText::text) - 1) ++bytes;
  }
  return {finished(hash), bytes};
}

// The entry of the identity, claimed for it where there is none and `add` is true. Its index; 0:
// none, or no room. mine: it was claimed just now, and what belongs to it is to be written.
template <class Entry>
uint32_t find_entry(SectionKind kind, uint64_t identity, bool add, bool& mine) {
  mine = false;
  Entry* entries = section_start<Entry>(kind);
  const uint64_t capacity = section_capacity<Entry>(kind);
  if (capacity < 2) return 0;
  uint64_t at = 1 + identity % (capacity - 1);
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Entry& entry = entries[at];
    if (add ? !reserve(&entry, sizeof entry) : !is_reserved(&entry)) return 0;
    uint64_t there = entry.identity.load(std::memory_order_acquire);
    if (there == 0) {
      if (!add) return 0;
      if (entry.identity.compare_exchange_strong(there, identity, std::memory_order_acq_rel)) {
        mine = true;
        return static_cast<uint32_t>(at);
      }
    }
    if (there == identity) return static_cast<uint32_t>(at);
    if (++at == capacity) at = 1;
  }
  return 0;
}

uint32_t text_index(const char* text, bool add) {
  const Measured measured = measure(text);
  bool mine = false;
  const uint32_t index = find_entry<LabelText>(SectionKind::label_texts, measured.hash, add, mine);
  if (mine) {
    LabelText& entry = section_start<LabelText>(SectionKind::label_texts)[index];
    copy_bytes(entry.text, text, measured.bytes);
    // An empty value is one, too: its byte is the null.
    entry.bytes.store(measured.bytes + 1, std::memory_order_release);
  }
  return index;
}

struct Pairs {
  uint32_t of[kLabelsMost] = {};
  uint32_t count = 0;
};

// Of a set in the file, which may be anything: within bounds, no more than that.
Pairs pairs_of(uint32_t set) {
  Pairs pairs;
  if (!is_label_set(set)) return pairs;
  const LabelSet& entry = section_start<LabelSet>(SectionKind::label_sets)[set];
  for (; pairs.count < kLabelsMost; ++pairs.count) {
    const uint32_t pair = entry.pairs[pairs.count].load(std::memory_order_acquire);
    if (pair == 0) break;
    pairs.of[pairs.count] = pair;
  }
  return pairs;
}

uint32_t set_index(const Pairs& pairs) {
  if (pairs.count == 0) return 0;
  uint64_t hash = kBasis;
  for (uint32_t i = 0; i < pairs.count; ++i) hash = (hash ^ pairs.of[i]) * kPrime;
  bool mine = false;
  const uint32_t index = find_entry<LabelSet>(SectionKind::label_sets, finished(hash), true, mine);
  if (index == 0) return kNoRoom;
  if (mine) {
    LabelSet& entry = section_start<LabelSet>(SectionKind::label_sets)[index];
    for (uint32_t i = pairs.count; i-- > 0;)
      entry.pairs[i].store(pairs.of[i], std::memory_order_release);
  }
  // Another thread is writing it just now: who looks at it next shall find it whole.
  const LabelSet& entry = section_start<LabelSet>(SectionKind::label_sets)[index];
  for (int spin = 0; spin < 10000 && entry.pairs[0].load(std::memory_order_acquire) == 0; ++spin)
    __builtin_ia32_pause();
  return index;
}

uint32_t no_room() {
  count(lost().labels);
  return kNoRoom;
}

}  // namespace

bool is_label_set(uint32_t set) {
  if (set == 0 || set >= section_capacity<LabelSet>(SectionKind::label_sets)) return false;
  const LabelSet& entry = section_start<LabelSet>(SectionKind::label_sets)[set];
  return is_reserved(&entry) && entry.identity.load(std::memory_order_relaxed) != 0;
}

uint32_t kept_text(const char* text) {
  const uint32_t index = text_index(text, true);
  if (index == 0) count(lost().labels);
  return index;
}

const char* text_at(uint32_t index) {
  if (index == 0 || index >= section_capacity<LabelText>(SectionKind::label_texts)) return "";
  const LabelText& text = section_start<LabelText>(SectionKind::label_texts)[index];
  return is_reserved(&text) ? text.text : "";
}

uint32_t labels_with(uint32_t set, const char* key, const char* value) {
  Pairs pairs = pairs_of(set), result;
  const uint32_t key_index = text_index(key, value != nullptr);
  if (key_index == 0) return value == nullptr ? set : no_room();
  uint32_t added = 0;
  if (value != nullptr) {
    const uint32_t value_index = text_index(value, true);
    if (value_index == 0) return no_room();
    added = key_index << 16 | value_index;
  }
  for (uint32_t i = 0; i < pairs.count; ++i) {
    const uint32_t pair = pairs.of[i];
    if (pair >> 16 == key_index) continue;
    if (added != 0 && added < pair) {
      if (result.count == kLabelsMost) return no_room();
      result.of[result.count++] = added;
      added = 0;
    }
    if (result.count == kLabelsMost) return no_room();
    result.of[result.count++] = pair;
  }
  if (added != 0) {
    if (result.count == kLabelsMost) return no_room();
    result.of[result.count++] = added;
  }
  const uint32_t index = set_index(result);
  return index == kNoRoom ? no_room() : index;
}

const char* label_value(uint32_t set, const char* key) {
  const uint32_t key_index = text_index(key, false);
  if (key_index == 0) return nullptr;
  const Pairs pairs = pairs_of(set);
  for (uint32_t i = 0; i < pairs.count; ++i) {
    if (pairs.of[i] >> 16 != key_index) continue;
    const uint32_t value = pairs.of[i] & 0xffff;
    if (value >= section_capacity<LabelText>(SectionKind::label_texts)) return nullptr;
    const LabelText& text = section_start<LabelText>(SectionKind::label_texts)[value];
    return is_reserved(&text) ? text.text : nullptr;
  }
  return nullptr;
}

uint32_t label_pair(const char* key, const char* value) {
  const uint32_t key_index = text_index(key, false), value_index = text_index(value, false);
  return key_index == 0 || value_index == 0 ? 0 : key_index << 16 | value_index;
}

bool has_pair(uint32_t set, uint32_t pair) {
  const Pairs pairs = pairs_of(set);
  for (uint32_t i = 0; i < pairs.count; ++i)
    if (pairs.of[i] == pair) return true;
  return false;
}

uint32_t labels_of_slot(const wire::ThreadSlot* slot) {
  return slot == nullptr ? 0 : slot->labels.load(std::memory_order_relaxed);
}

void use_labels(uint32_t set) {
  const uint32_t fiber = any_fibers.load(std::memory_order_relaxed)
                             ? fiber_at(reinterpret_cast<uint64_t>(__builtin_frame_address(0)))
                             : 0;
  if (fiber == this_thread.fiber) this_thread.labels = set;
  if (fiber != 0)
    fiber_slot(fiber).labels.store(set, std::memory_order_relaxed);
  else if (this_thread.slot != nullptr)
    this_thread.slot->labels.store(set, std::memory_order_relaxed);
}

void take_labels_of(uint32_t fiber) {
  this_thread.labels = fiber != 0 ? fiber_slot(fiber).labels.load(std::memory_order_relaxed)
                                  : labels_of_slot(this_thread.slot);
}

}  // namespace track::core
