#include "cli/model/labels.h"

namespace track {

const LabelList& labels_at(const Trace& trace, uint32_t labels) {
  static const LabelList none;
  return labels < trace.label_sets.size() ? trace.label_sets[labels] : none;
}

const std::string& label_value(const Trace& trace, uint32_t labels, const std::string& key) {
  static const std::string none;
  for (const Label& label : labels_at(trace, labels))
    if (label.key == key) return label.value;
  return none;
}

std::string labels_text(const Trace& trace, uint32_t labels) {
  std::string text;
  for (const Label& label : labels_at(trace, labels))
    text += (text.empty() ? "" : ", ") + label.key + "=" + label.value;
  return text;
}

}  // namespace track
