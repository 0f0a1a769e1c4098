// The tasks that a live page knows, and what of them changed. That ages grow is no change: the page
// counts them on.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace track::serve {

using Json = nlohmann::ordered_json;

struct RowChange {
  std::vector<Json> upsert;
  std::vector<std::pair<std::string, uint64_t>> remove;  // kind, id

  bool empty() const { return upsert.empty() && remove.empty(); }
  Json json() const;  // {"upsert":[...],"remove":[[kind,id],...]}
};

class RowTable {
 public:
  // rows: as in tasks.json. taken_ns: when they were looked at, on the clock of their ages.
  RowChange change(const Json& rows, uint64_t taken_ns);

  // Those that have room, and how many there are.
  Json rows(size_t most_bytes, size_t& left_out) const;
  size_t size() const { return rows_.size(); }

 private:
  struct Row {
    Json json;
    std::string meaning;  // what makes it another one
  };
  std::map<std::pair<std::string, uint64_t>, Row> rows_;
};

}  // namespace track::serve
