#include "cli/write/view_columns.h"

#include <cstring>

namespace track::write {
namespace {
constexpr size_t kAligned = 8;
}

void ViewColumns::append(const char* name, const char* type, size_t count, size_t width,
                         const char* values) {
  data_.resize((data_.size() + kAligned - 1) / kAligned * kAligned, '\0');
  const size_t start = data_.size();
  list_.push_back({{"name", name},
                   {"type", type},
                   {"offset", start},
                   {"count", count},
                   {"enc", width > 1 ? "shuffle" : ""}});
  data_.resize(start + count * width);
  char* to = data_.data() + start;
  for (size_t byte = 0; byte < width; ++byte)
    for (size_t i = 0; i < count; ++i) *to++ = values[i * width + byte];
}

std::string ViewColumns::bytes(nlohmann::ordered_json extra) const {
  extra["columns"] = list_;
  std::string header = extra.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const size_t aligned = (4 + header.size() + kAligned - 1) / kAligned * kAligned;
  header.resize(aligned - 4, ' ');
  const auto length = static_cast<uint32_t>(header.size());
  std::string result(4, '\0');
  std::memcpy(result.data(), &length, sizeof length);
  return result + header + data_;
}

}  // namespace track::write
