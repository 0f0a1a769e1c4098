#include "cli/process/loaded_elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostNotes = 64 << 10;
constexpr size_t kMostSegments = 128;
constexpr size_t kMostModules = 1 << 16;
constexpr uint64_t kLargestModule = uint64_t{16}
                                    << 30;  // what headers claim beyond is not believed

template <typename T>
bool fetch(const ImageMemory& memory, uint64_t address, T& to) {
  return memory.read_some(address, &to, sizeof to) == sizeof to;
}

std::vector<std::byte> fetch_bytes(const ImageMemory& memory, uint64_t address, uint64_t bytes) {
  std::vector<std::byte> result(std::min(bytes, kMostNotes));
  result.resize(memory.read_some(address, result.data(), result.size()));
  return result;
}

bool is_file(const Mapping& mapping) {
  return !mapping.path.empty() && mapping.path.front() == '/';
}

// Empty: they cannot be read.
std::vector<Elf64_Phdr> segments_of(const ImageMemory& memory, uint64_t header,
                                    const Elf64_Ehdr& elf) {
  std::vector<Elf64_Phdr> segments(std::min<size_t>(elf.e_phnum, kMostSegments));
  const size_t bytes = segments.size() * sizeof(Elf64_Phdr);
  if (elf.e_phentsize != sizeof(Elf64_Phdr) ||
      memory.read_some(header + elf.e_phoff, segments.data(), bytes) != bytes)
    segments.clear();
  return segments;
}

// [vdso], and modules whose file is anonymous memory, have no path of a file.
bool may_hold_module(const Mapping& mapping) {
  return mapping.readable && (is_file(mapping) ? mapping.offset == 0 : mapping.path == "[vdso]");
}

}  // namespace

std::string build_id_in(const std::vector<std::byte>& notes) {
  size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data() + at, sizeof note);
    const size_t name = at + sizeof note;
    const size_t value = name + ((size_t{note.n_namesz} + 3) & ~size_t{3});
    const size_t next = value + ((size_t{note.n_descsz} + 3) & ~size_t{3});
    if (value > notes.size() || value + note.n_descsz > notes.size() || next <= at) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(notes.data() + name, "GNU", 4) == 0) {
      static constexpr char kDigits[] = "0123456789abcdef";
      std::string text;
      for (size_t i = 0; i < note.n_descsz; ++i) {
        const auto byte = static_cast<unsigned>(notes[value + i]);
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
      }
      return text;
    }
    at = next;
  }
  return {};
}

std::optional<LoadedElf> loaded_elf(const ImageMemory& memory, uint64_t header) {
  Elf64_Ehdr elf;
  if (!fetch(memory, header, elf) || std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0)
    return std::nullopt;
  LoadedElf loaded;
  loaded.machine = elf.e_machine;
  loaded.bits64 = elf.e_ident[EI_CLASS] == ELFCLASS64;
  loaded.bias = loaded.start = header;
  loaded.end = header + kPage;
  if (!loaded.bits64 || elf.e_machine != EM_X86_64) return loaded;
  const std::vector<Elf64_Phdr> segments = segments_of(memory, header, elf);
  uint64_t lowest = ~uint64_t{0}, highest = 0, first_vaddr = 0;
  bool found = false;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD) continue;
    if (!found) first_vaddr = segment.p_vaddr - segment.p_offset;
    found = true;
    lowest = std::min<uint64_t>(lowest, segment.p_vaddr & ~(kPage - 1));
    highest = std::max<uint64_t>(highest, segment.p_vaddr + segment.p_memsz);
  }
  if (!found || highest <= lowest) return loaded;
  loaded.bias = header - first_vaddr;
  loaded.start = loaded.bias + lowest;
  loaded.end = loaded.bias + ((highest + kPage - 1) & ~(kPage - 1));
  if (loaded.end <= loaded.start) return std::nullopt;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_GNU_EH_FRAME) {
      loaded.eh_frame_hdr = loaded.bias + segment.p_vaddr;
      loaded.eh_frame_hdr_bytes = segment.p_memsz;
    }
    if (segment.p_type == PT_NOTE && loaded.build_id.empty())
      loaded.build_id =
          build_id_in(fetch_bytes(memory, loaded.bias + segment.p_vaddr, segment.p_memsz));
  }
  return loaded;
}

std::vector<AddressRange> initialised_data(const ImageMemory& memory, const Module& module) {
  std::vector<AddressRange> result;
  Elf64_Ehdr elf;
  if (!fetch(memory, module.start, elf) || std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
      elf.e_ident[EI_CLASS] != ELFCLASS64)
    return result;
  for (const Elf64_Phdr& segment : segments_of(memory, module.start, elf))
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0)
      result.push_back(
          {module.base + segment.p_vaddr, module.base + segment.p_vaddr + segment.p_filesz});
  return result;
}

std::vector<Module> loaded_modules(const std::vector<Mapping>& mappings,
                                   const ImageMemory& memory) {
  std::vector<Module> modules;
  // Whether it, or one of those of the same file that follow it at once, may be executed.
  std::vector<bool> code(mappings.size());
  for (size_t i = mappings.size(); i-- > 0;)
    code[i] = mappings[i].executable ||
              (i + 1 < mappings.size() && code[i + 1] && mappings[i].path == mappings[i + 1].path);
  for (size_t i = 0; i < mappings.size(); ++i) {
    const Mapping& mapping = mappings[i];
    // Of what a process maps by itself, only what has code in it is a module.
    if (!may_hold_module(mapping) || !code[i]) continue;
    const auto loaded = loaded_elf(memory, mapping.start);
    if (!loaded) continue;
    const uint64_t before = modules.empty() ? 0 : modules.back().end;
    // Headers of a core may say anything; modules are apart, and in order.
    if (mapping.start > ~uint64_t{0} - kLargestModule) break;
    if (mapping.start < before || loaded->start > mapping.start || loaded->end <= mapping.start)
      continue;
    if (modules.size() == kMostModules) break;
    Module module;
    module.path = mapping.path;
    module.build_id = loaded->build_id;
    module.base = loaded->bias;
    module.start = std::max(loaded->start, before);
    module.end = std::min(loaded->end, mapping.start + kLargestModule);
    modules.push_back(std::move(module));
  }
  return modules;
}

}  // namespace track::process
