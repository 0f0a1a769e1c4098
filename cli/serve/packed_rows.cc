#include "cli/serve/packed_rows.h"

namespace track::serve {
namespace {

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Out of the row, for a place of its own.
Json taken(Json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end()) return 0;
  Json value = std::move(*found);
  row.erase(found);
  return value;
}

}  // namespace

size_t PackedRows::stack(uint64_t number) {
  const auto [entry, fresh] = numbers_.try_emplace(number, 0);
  if (!fresh) return entry->second;
  std::string text = "[";
  for (const std::string& frame : stacks_.frames(number))
    text += (text.size() == 1 ? "" : ",") + std::to_string(frames_.number(frame));
  return entry->second = stack_texts_.number(text + "]");
}

size_t PackedRows::bytes() const {
  return rows_.size() + frames_.text().size() + stack_texts_.text().size() + alike_.text().size();
}

bool PackedRows::add(Json row, size_t most_bytes) {
  // One row more may be a little more: it is not taken apart again.
  if (bytes() >= most_bytes) return false;
  Json own = Json::array({0});
  for (const char* name : {"id", "tid", "age_ns", "since_ns"}) own.push_back(taken(row, name));
  own.push_back(row.contains("wait_object") ? taken(row["wait_object"], "address") : Json(0));
  Json schedule = taken(row, "sched");
  if (schedule.is_object())
    for (const char* name : {"cpu_ns", "queue_ns", "slices"}) own.push_back(schedule[name]);
  else
    while (own.size() > 1 && own.back() == 0) own.erase(own.size() - 1);
  for (const char* name : {"at", "created_at"}) row[name] = stack(row.value(name, uint64_t{0}));
  own[0] = alike_.number(text_of(row));
  rows_ += (rows_.empty() ? "" : ",") + text_of(own);
  return true;
}

std::string PackedRows::take() {
  return "{\"frames\":[" + frames_.text() + "],\"stacks\":[" + stack_texts_.text() +
         "],\"alike\":[" + alike_.text() + "],\"rows\":[" + rows_ + "]}";
}

}  // namespace track::serve
