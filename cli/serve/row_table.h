// The tasks that a live page knows, and what of them changed. That ages grow is no change: the page
// counts them on.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/serve/packed_rows.h"

namespace track::serve {

struct RowChange {
  std::vector<Json> upsert;
  std::vector<std::pair<std::string, uint64_t>> remove;  // kind, id

  bool empty() const { return upsert.empty() && remove.empty(); }
  std::string removed() const;  // [[kind,id],...]
};

class RowTable {
 public:
  // rows: as in tasks.json, with numbers of LiveStacks. taken_ns: when they were looked at, on the
  // clock of their ages.
  RowChange change(const Json& rows, uint64_t taken_ns);

  // Those that have room, and how many have none.
  std::string rows(const LiveStacks& stacks, size_t most_bytes, size_t& left_out) const;
  size_t size() const { return rows_.size(); }

 private:
  struct Row {
    Json json;
    std::string meaning;  // what makes it another one
  };
  std::map<std::pair<std::string, uint64_t>, Row> rows_;
};

}  // namespace track::serve
