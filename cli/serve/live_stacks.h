// The stacks of the tasks that a live page shows, each once: a number stands for it as long as some
// task is there, so that a look need neither write nor compare its frames again.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::serve {

class LiveStacks {
 public:
  // Before the stacks of a look are asked for. What the modules of before said of addresses says
  // nothing of others.
  void begin(const std::vector<Module>& modules);
  // 0: none.
  uint64_t number(const Trace& trace, const Symbols& symbols, StackIndex stack);
  // After the last one: those that nobody asked for are forgotten.
  void end();

  // Its frames as JSON, leaf first.
  const std::vector<std::string>& frames(uint64_t number) const;
  size_t size() const { return by_number_.size(); }

 private:
  using Key = std::vector<uint64_t>;
  struct Known {
    Key key;
    std::vector<std::string> frames;
    bool used = false;
  };

  std::vector<Module> modules_;
  std::map<Key, uint64_t> numbers_;
  std::map<uint64_t, Known> by_number_;
  uint64_t last_ = 0;  // numbers are given once
};

}  // namespace track::serve
