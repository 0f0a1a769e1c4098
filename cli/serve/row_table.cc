#include "cli/serve/row_table.h"

namespace track::serve {
namespace {

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Ages as the instants that they count from; what always grows is left out. The age of a state
// without a known beginning is 0.
std::string meaning_of(Json row, uint64_t taken_ns) {
  const uint64_t since = row.value("since_ns", uint64_t{0});
  row.erase("age_ns");
  row.erase("sched");
  row["since_ns"] = since == 0 ? 0 : taken_ns - since;
  return text_of(row);
}

}  // namespace

std::string RowChange::removed() const {
  Json gone = Json::array();
  for (const auto& [kind, id] : remove) gone.push_back(Json::array({kind, id}));
  return text_of(gone);
}

RowChange RowTable::change(const Json& rows, uint64_t taken_ns) {
  RowChange change;
  std::map<std::pair<std::string, uint64_t>, Row> now;
  for (const Json& row : rows) {
    const std::pair<std::string, uint64_t> key{row.value("kind", std::string()),
                                               row.value("id", uint64_t{0})};
    Row fresh{row, meaning_of(row, taken_ns)};
    const auto known = rows_.find(key);
    if (known == rows_.end() || known->second.meaning != fresh.meaning)
      change.upsert.push_back(row);
    now.insert_or_assign(key, std::move(fresh));
  }
  for (const auto& [key, row] : rows_)
    if (now.count(key) == 0) change.remove.push_back(key);
  rows_ = std::move(now);
  return change;
}

std::string RowTable::rows(const LiveStacks& stacks, size_t most_bytes, size_t& left_out) const {
  PackedRows packed(stacks);
  left_out = 0;
  for (const auto& [key, row] : rows_) left_out += !packed.add(row.json, most_bytes);
  return packed.take();
}

}  // namespace track::serve
