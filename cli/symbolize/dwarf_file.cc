#include "cli/symbolize/dwarf_file.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>

#include "cli/symbolize/data_path.h"

namespace track::symbolize {
namespace {

uint64_t number_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (!dwarf_attr(&die, attribute, &found) || dwarf_formudata(&found, &value) != 0) return 0;
  return value;
}

void fill_position(Frame& frame, const SourceLine& at) {
  if (at.file) frame.file = at.file;
  frame.line = at.line;
  frame.column = at.column;
}

void fill_name(Frame& frame, const FunctionName& name) {
  frame.function = name.plain;
  if (name.linkage != name.plain) frame.linkage_name = name.linkage;
}

}  // namespace

std::unique_ptr<DwarfFile> DwarfFile::open(const ElfImage& image, const DebugFiles& files,
                                           std::vector<std::string>& notes) {
  if (!image.has_dwarf()) return nullptr;
  Dwarf* dwarf = dwarf_begin_elf(image.elf(), DWARF_C_READ, nullptr);
  if (!dwarf) return nullptr;
  std::unique_ptr<DwarfFile> file(new DwarfFile(dwarf));
  file->attach_supplement(image, files, notes);
  file->index_units(image);
  return file;
}

DwarfFile::~DwarfFile() {
  dwarf_end(dwarf_);
  if (supplement_) dwarf_end(supplement_);
}

void DwarfFile::attach_supplement(const ElfImage& image, const DebugFiles& files,
                                  std::vector<std::string>& notes) {
  const char* name = nullptr;
  const void* id = nullptr;
  const ssize_t size = dwelf_dwarf_gnu_debugaltlink(dwarf_, &name, &id);
  if (size <= 0 || !name) return;
  supplement_image_ = files.supplement(image, name, hex(id, static_cast<size_t>(size)));
  if (supplement_image_) {
    supplement_ = dwarf_begin_elf(supplement_image_->elf(), DWARF_C_READ, nullptr);
  }
  if (supplement_) {
    dwarf_setalt(dwarf_, supplement_);
  } else {
    notes.push_back(image.path().substr(image.path().rfind('/') + 1) + ": its supplement " + name +
                    " was not found: some names are missing");
  }
}

// .debug_aranges is optional and often partial; the units' own ranges are always right.
void DwarfFile::index_units(const ElfImage& image) {
  Dwarf_CU* at = nullptr;
  Dwarf_CU* next = nullptr;
  uint8_t type = 0;
  Dwarf_Die die;
  while (dwarf_get_units(dwarf_, at, &next, nullptr, &type, &die, nullptr) == 0) {
    at = next;
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    const auto index = static_cast<uint32_t>(units_.size());
    bool has_code = false;
    for_each_range(die, [&](uint64_t start, uint64_t end) {
      // What the linker discarded is left at address 0 or another where no code is.
      if (start == 0 || !image.is_code(start)) return;
      unit_ranges_.add(start, end, index);
      has_code = true;
    });
    if (has_code) units_.emplace_back(die);
  }
  unit_ranges_.seal();
}

SourceFrames DwarfFile::frames_at(uint64_t address, bool surely_code) {
  SourceFrames found;
  const uint32_t* index = unit_ranges_.find(address);
  if (!index) return found;
  Unit& unit = units_[*index];
  std::vector<Dwarf_Die> chain = unit.functions_at(address, surely_code);
  found.split_part_missing = unit.split_part_missing();
  SourceLine position = unit.line_at(address);
  if (chain.empty()) {
    if (!position.file) return found;
    fill_position(found.frames.emplace_back(), position);
    return found;
  }
  for (size_t i = chain.size(); i-- > 0;) {
    Frame& frame = found.frames.emplace_back();
    fill_name(frame, names_.of(chain[i]));
    fill_position(frame, position);
    frame.inlined = i > 0;
    if (i == 0) break;
    position.file = unit.file_name(number_of(chain[i], DW_AT_call_file));
    position.line = static_cast<uint32_t>(number_of(chain[i], DW_AT_call_line));
    position.column = static_cast<uint32_t>(number_of(chain[i], DW_AT_call_column));
  }
  return found;
}

FrameLayout DwarfFile::frame_layout_at(uint64_t resume) {
  const uint32_t* index = unit_ranges_.find(resume);
  if (!index) return {};
  const std::vector<Dwarf_Die> chain = units_[*index].functions_at(resume, true);
  return chain.empty() ? FrameLayout{} : frame_layout(chain.front(), names_);
}

std::vector<DataStep> DwarfFile::follow(uint64_t variable, uint64_t offset, bool last,
                                        std::span<const DataHop> hops) {
  const Dwarf_Die* die = variables_.at(variable);
  if (die == nullptr) return {};
  return symbolize::follow(*die, offset, last, hops, names_);
}

}  // namespace track::symbolize
