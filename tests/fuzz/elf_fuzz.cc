// ELF files with symbols and DWARF: the input is a module of a process and its separate debug file.
// Mutants change one section, or the headers.
#include <elf.h>

#include <cstring>

#include "cli/process/binary.h"
#include "cli/process/blind_spots.h"
#include "cli/symbolize/coroutine_code.h"
#include "cli/symbolize/symbolizer.h"
#include "tests/fuzz/fuzz.h"

namespace track::fuzz {
namespace {

constexpr uint64_t kBase = 0x10000000;

template <class T>
bool get(const uint8_t* data, size_t size, uint64_t at, T& to) {
  if (at > size || size - at < sizeof to) return false;
  std::memcpy(&to, data + at, sizeof to);
  return true;
}

// Addresses worth asking for: what the segments with code begin with, and every so often in them.
std::vector<uint64_t> code_addresses(const uint8_t* data, size_t size) {
  std::vector<uint64_t> addresses = {kBase, kBase + 0x1000, kBase + 0x1139};
  Elf64_Ehdr header{};
  if (!get(data, size, 0, header)) return addresses;
  for (uint16_t i = 0; i < std::min<uint16_t>(header.e_phnum, 16); ++i) {
    Elf64_Phdr segment{};
    if (!get(data, size, header.e_phoff + i * sizeof segment, segment)) break;
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const uint64_t bytes = std::min<uint64_t>(segment.p_memsz, 4096);
    for (uint64_t at = 0; at < bytes; at += 29) addresses.push_back(kBase + segment.p_vaddr + at);
  }
  return addresses;
}

void ask(symbolize::Symbolizer& symbolizer, const std::vector<uint64_t>& addresses) {
  symbolizer.resolve_all(addresses);
  symbolizer.has_coroutines(0);
  std::vector<uint64_t> data;
  for (uint64_t at = 0x3000; at < 0x5000; at += 0x100) data.push_back(kBase + at);
  symbolizer.look_for_variables(data);
  for (const uint64_t address : data) symbolizer.follow(address, true, {});
  for (size_t i = 0; i < addresses.size(); ++i) {
    symbolizer.symbol_at(addresses[i]);
    if (i % 8 != 0) continue;
    const uint64_t resume = addresses[i], destroy = addresses[(i + 8) % addresses.size()];
    if (auto* coroutine = symbolizer.coroutine(resume, destroy)) {
      coroutine->shape();
      for (uint64_t index = 0; index < 4; ++index) coroutine->point(index);
    }
    symbolizer.frame_functions(resume, destroy);
    symbolizer.frame_bytes_used(resume, destroy);
  }
}

}  // namespace

// The corpus has them.
std::vector<std::string> seeds() {
  return {};
}

}  // namespace track::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  using namespace track::fuzz;
  Elf64_Ehdr header{};
  if (seed % 16 == 0 || !get(data, size, 0, header)) return LLVMFuzzerMutate(data, size, most);
  Elf64_Shdr section{};
  const uint64_t which = header.e_shnum == 0 ? 0 : seed / 16 % header.e_shnum;
  const uint64_t at = header.e_shoff + which * sizeof section;
  if (!get(data, size, at, section)) return LLVMFuzzerMutate(data, size, most);
  if (seed % 16 == 1) return mutate_part(data, at, sizeof section), size;
  if (section.sh_offset >= size || section.sh_size == 0 || section.sh_type == SHT_NOBITS)
    return mutate_part(data, 0, sizeof header), size;
  const uint64_t length = std::min<uint64_t>(section.sh_size, size - section.sh_offset);
  const uint64_t from = seed / 1024 % length;
  mutate_part(data, section.sh_offset + from, std::min<uint64_t>(length - from, 64));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  const fuzz::InputFile file(data, size);
  fuzz::allow_refusal([&] { process::inspect_file(file.path()); });
  process::find_blind_spots(file.path());
  Module module;
  module.path = file.path();
  module.base = fuzz::kBase;
  module.start = fuzz::kBase;
  module.end = fuzz::kBase + 0x100000;
  symbolize::Symbolizer symbolizer({module}, {});
  fuzz::ask(symbolizer, fuzz::code_addresses(data, size));
  return 0;
}
