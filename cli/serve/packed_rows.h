// Rows of tasks as an event of the live stream has them: {"frames":[{...}],"stacks":[[frame,...]],
// "alike":[{...}],"rows":[[alike,id,tid,age_ns,since_ns,address,cpu_ns,queue_ns,slices],...]}.
// Tasks that differ only in what a row says share one entry of `alike`, whose `at` and `created_at`
// are numbers into `stacks`; address is that of its wait_object, the last three its sched. What is
// not there is left away from the end, or 0. Each event is whole by itself.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/serve/live_stacks.h"

namespace track::serve {

using Json = nlohmann::ordered_json;

class PackedRows {
 public:
  explicit PackedRows(const LiveStacks& stacks) : stacks_(stacks) {}

  // row: as in tasks.json, with the numbers of its stacks. False: it would be more than so many
  // bytes, and is left out.
  bool add(Json row, size_t most_bytes);
  std::string take();

 private:
  // A list of JSON texts, each once.
  class Table {
   public:
    size_t number(const std::string& text) {
      const auto [entry, fresh] = known_.try_emplace(text, known_.size());
      if (fresh) text_ += (text_.empty() ? "" : ",") + text;
      return entry->second;
    }
    const std::string& text() const { return text_; }

   private:
    std::map<std::string, size_t> known_;
    std::string text_;
  };

  size_t stack(uint64_t number);
  size_t bytes() const;

  const LiveStacks& stacks_;
  std::map<uint64_t, size_t> numbers_;  // of stacks, to those of this event
  Table frames_, stack_texts_, alike_;
  std::string rows_;
};

}  // namespace track::serve
