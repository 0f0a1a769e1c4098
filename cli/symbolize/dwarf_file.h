// The DWARF of one ELF file: address to source-level frames. Names are cached by entry, so that
// asking for thousands of addresses costs a name once. Addresses are ELF virtual addresses.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cli/model/frame.h"
#include "cli/symbolize/coroutine_frame.h"
#include "cli/symbolize/data_step.h"
#include "cli/symbolize/debug_files.h"
#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/function_names.h"
#include "cli/symbolize/range_map.h"
#include "cli/symbolize/unit.h"
#include "cli/symbolize/variables.h"

namespace track::symbolize {

// Frames innermost first.
struct SourceFrames {
  std::vector<Frame> frames;
  bool split_part_missing = false;
};

class DwarfFile {
 public:
  // `image` must outlive it. Null when the file has no DWARF that libdw can open.
  static std::unique_ptr<DwarfFile> open(const ElfImage& image, const DebugFiles& files,
                                         std::vector<std::string>& notes);
  ~DwarfFile();
  DwarfFile(const DwarfFile&) = delete;
  DwarfFile& operator=(const DwarfFile&) = delete;

  // Empty when no unit covers the address. One nameless frame when only its line is known.
  // `surely_code`: a symbol says that a function is there.
  SourceFrames frames_at(uint64_t address, bool surely_code);
  // Of the coroutine whose resume function begins there; empty when that is not described.
  FrameLayout frame_layout_at(uint64_t resume);

  // See Variables and follow(). Of a variable that was not looked for, or is not described: empty.
  void look_for_variables(const std::set<uint64_t>& addresses, bool in_functions) {
    variables_.look_for(addresses, in_functions);
  }
  std::vector<DataStep> follow(uint64_t variable, uint64_t offset, bool last,
                               std::span<const DataHop> hops);

 private:
  explicit DwarfFile(Dwarf* dwarf) : dwarf_(dwarf), variables_(dwarf) {}
  void attach_supplement(const ElfImage& image, const DebugFiles& files,
                         std::vector<std::string>& notes);
  void index_units(const ElfImage& image);

  Dwarf* dwarf_;
  std::unique_ptr<ElfImage> supplement_image_;
  Dwarf* supplement_ = nullptr;
  std::vector<Unit> units_;
  RangeMap<uint32_t> unit_ranges_;  // -> index into units_
  FunctionNames names_;
  Variables variables_;
};

}  // namespace track::symbolize
