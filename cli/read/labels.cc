// The label sets (wire/labels.h), each when a task that has it is met: a set was there before any
// task could have it.
#include "libtrack/wire/labels.h"

#include <algorithm>

#include "cli/read/image.h"

namespace track::read {

using wire::LabelSet;
using wire::LabelText;

std::string Image::label_text(uint32_t index) {
  const SectionView& section = this->section(wire::SectionKind::label_texts);
  Copy<LabelText> text;
  if (index == 0 || index >= std::min<uint64_t>(section.capacity, wire::kLabelTexts) ||
      !bytes_.read(section.offset + uint64_t{index} * sizeof(LabelText), &text, sizeof text) ||
      text->bytes.load(std::memory_order_acquire) == 0) {
    warn_of_labels();
    return "?";
  }
  return clean_text(text->text, sizeof text->text);
}

void Image::warn_of_labels() {
  if (!labels_warned_) warn("a label lies outside its section, or is not there");
  labels_warned_ = true;
}

uint32_t Image::labels(uint32_t reference) {
  if (reference == 0) return 0;
  const auto [known, fresh] = labels_.try_emplace(reference, 0);
  if (!fresh) return known->second;
  const SectionView& section = this->section(wire::SectionKind::label_sets);
  Copy<LabelSet> set;
  if (reference >= std::min<uint64_t>(section.capacity, wire::kLabelSets) ||
      !bytes_.read(section.offset + uint64_t{reference} * sizeof(LabelSet), &set, sizeof set) ||
      set->identity.load(std::memory_order_acquire) == 0) {
    warn_of_labels();
    return 0;
  }
  LabelList labels;
  for (const std::atomic<uint32_t>& word : set->pairs) {
    const uint32_t pair = word.load(std::memory_order_relaxed);
    if (pair == 0) break;
    labels.push_back({label_text(pair >> 16), label_text(pair & 0xffff)});
  }
  take_scope(*this, labels, static_cast<uint32_t>(trace_.label_sets.size()));
  std::sort(labels.begin(), labels.end(),
            [](const Label& a, const Label& b) { return a.key < b.key; });
  trace_.label_sets.push_back(std::move(labels));
  return known->second = static_cast<uint32_t>(trace_.label_sets.size() - 1);
}

}  // namespace track::read
