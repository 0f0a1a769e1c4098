// The tables that the viewer's sections share: strings, frames, stacks, and the lines of source
// around every frame. Numbers given out are rows of the tables as they are written.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::write {

struct ViewFrame {
  std::string function, file, module;
  uint32_t line = 0;
  bool inlined = false;  // into the next one
  bool mark = false;     // no machine code: "(created by)", a co_await
};

class ViewNames {
 public:
  ViewNames();
  uint32_t string(const std::string& text);
  uint32_t frame(const ViewFrame& frame);
  // Leaf first, without the tracker's own frames. Of one trace; 0: there is none.
  uint32_t stack(const Trace& trace, const Symbols& symbols, StackIndex stack);
  void cite(const std::string& file, uint32_t line);  // for the sources

  std::string strings_json() const;
  std::string frames_columns() const;
  std::string stacks_columns() const;
  // What could be read of the cited files. Only of files as large as sources are.
  std::string sources_json() const;

 private:
  struct Row {
    uint32_t function, file, line, module;
    uint8_t flags;
    auto operator<=>(const Row&) const = default;
  };
  std::vector<std::string> strings_;
  std::unordered_map<std::string, uint32_t> string_numbers_;
  std::vector<Row> frames_;
  std::map<Row, uint32_t> frame_numbers_;
  std::vector<std::vector<uint32_t>> stacks_;
  std::map<std::vector<uint32_t>, uint32_t> stack_numbers_;
  std::map<std::pair<const Trace*, StackIndex>, uint32_t> known_stacks_;
  std::map<std::string, std::set<uint32_t>> cited_;
};

}  // namespace track::write
