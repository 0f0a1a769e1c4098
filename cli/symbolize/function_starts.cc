#include "cli/symbolize/function_starts.h"

#include <gelf.h>

#include <algorithm>

namespace track::symbolize {
namespace {

constexpr uint32_t kHead = 0x3b031b01;  // version 1; a sorted table of 4-byte offsets
constexpr uint64_t kMost = 1 << 22;     // functions

uint64_t from(uint64_t place, uint64_t distance) {
  return place + static_cast<uint64_t>(int64_t{static_cast<int32_t>(distance)});
}

}  // namespace

FunctionStarts::FunctionStarts(const ElfImage& image, const MachineCode& code) {
  size_t count = 0;
  if (elf_getphdrnum(image.elf(), &count) != 0) return;
  uint64_t table = 0, bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!gelf_getphdr(image.elf(), static_cast<int>(i), &header)) return;
    if (header.p_type != PT_GNU_EH_FRAME) continue;
    table = header.p_vaddr;
    bytes = header.p_memsz;
  }
  const auto head = code.read(table, 4), functions = code.read(table + 8, 4);
  if (table == 0 || head != kHead || !functions || *functions > kMost ||
      *functions * 8 + 12 > bytes)
    return;
  functions_.reserve(*functions);
  for (uint64_t i = 0; i < *functions; ++i) {
    const auto start = code.read(table + 12 + i * 8, 4), entry = code.read(table + 16 + i * 8, 4);
    if (!start || !entry) break;
    functions_.emplace_back(from(table, *start), from(table, *entry));
  }
  std::sort(functions_.begin(), functions_.end());
}

size_t FunctionStarts::at(uint64_t address) const {
  const auto found =
      std::lower_bound(functions_.begin(), functions_.end(), std::pair{address, 0ul});
  return found != functions_.end() && found->first == address
             ? static_cast<size_t>(found - functions_.begin())
             : kNone;
}

// An entry: its length, where its head is, the function's distance from here, its bytes.
std::pair<uint64_t, uint64_t> FunctionStarts::extent(const MachineCode& code,
                                                     uint64_t address) const {
  const size_t nth = at(address);
  if (nth == kNone) return {};
  const uint64_t entry = functions_[nth].second;
  const auto start = code.read(entry + 8, 4), bytes = code.read(entry + 12, 4);
  if (!start || !bytes || from(entry + 8, *start) != address) return {};
  return {address, address + *bytes};
}

std::pair<uint64_t, uint64_t> FunctionStarts::around(const MachineCode& code,
                                                     uint64_t address) const {
  const auto after =
      std::upper_bound(functions_.begin(), functions_.end(), std::pair{address, ~uint64_t{0}});
  if (after == functions_.begin()) return {};
  const auto found = extent(code, std::prev(after)->first);
  return address < found.second ? found : std::pair<uint64_t, uint64_t>{};
}

}  // namespace track::symbolize
