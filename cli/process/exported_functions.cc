#include "cli/process/exported_functions.h"

#include <elf.h>

#include <optional>
#include <string>

namespace track::process {
namespace {

constexpr uint64_t kMostEntries = 4096;  // of a dynamic section
constexpr uint32_t kMostChained = 1 << 20;
constexpr uint16_t kHidden = 0x8000;  // an older version

class Reader {
 public:
  Reader(const ImageMemory& memory, const Module& module) : memory_(memory), module_(module) {}

  template <typename T>
  std::optional<T> get(uint64_t address) const {
    T value;
    if (memory_.read_some(address, &value, sizeof value) != sizeof value) return std::nullopt;
    return value;
  }

  // By the program headers, which lie in the first page.
  bool find_tables() {
    const auto elf = get<Elf64_Ehdr>(module_.start);
    if (!elf || elf->e_phentsize != sizeof(Elf64_Phdr)) return false;
    for (uint16_t i = 0; i < elf->e_phnum; ++i) {
      const auto segment =
          get<Elf64_Phdr>(module_.start + elf->e_phoff + uint64_t{i} * sizeof(Elf64_Phdr));
      if (segment && segment->p_type == PT_DYNAMIC) return read_dynamic(segment->p_vaddr);
    }
    return false;
  }

  uint64_t find(std::string_view name) const {
    uint32_t hash = 5381;
    for (const char c : name) hash = hash * 33 + static_cast<uint8_t>(c);
    const auto buckets = get<uint32_t>(hashes_), first = get<uint32_t>(hashes_ + 4),
               words = get<uint32_t>(hashes_ + 8);
    if (!buckets || !first || !words || *buckets == 0) return 0;
    const uint64_t bucket_at = hashes_ + 16 + uint64_t{*words} * 8;
    const uint64_t chain_at = bucket_at + uint64_t{*buckets} * 4;
    const auto begin = get<uint32_t>(bucket_at + uint64_t{hash % *buckets} * 4);
    if (!begin || *begin < *first) return 0;
    for (uint32_t i = *begin; i - *begin < kMostChained; ++i) {
      const auto there = get<uint32_t>(chain_at + uint64_t{i - *first} * 4);
      if (!there) return 0;
      if ((*there | 1) == (hash | 1))
        if (const uint64_t address = defined(i, name); address != 0) return address;
      if ((*there & 1) != 0) return 0;
    }
    return 0;
  }

 private:
  bool read_dynamic(uint64_t vaddr) {
    for (uint64_t i = 0; i < kMostEntries; ++i) {
      const auto entry = get<Elf64_Dyn>(module_.base + vaddr + i * sizeof(Elf64_Dyn));
      if (!entry || entry->d_tag == DT_NULL) break;
      const uint64_t value = entry->d_un.d_ptr;
      const uint64_t at = value < module_.base ? module_.base + value : value;
      if (entry->d_tag == DT_SYMTAB) symbols_ = at;
      if (entry->d_tag == DT_STRTAB) strings_ = at;
      if (entry->d_tag == DT_VERSYM) versions_ = at;
      if (entry->d_tag == DT_GNU_HASH) hashes_ = at;
    }
    return symbols_ != 0 && strings_ != 0 && hashes_ != 0;
  }

  uint64_t defined(uint32_t index, std::string_view name) const {
    const auto symbol = get<Elf64_Sym>(symbols_ + uint64_t{index} * sizeof(Elf64_Sym));
    if (!symbol || symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC)
      return 0;
    std::string text(name.size() + 1, 'x');
    if (memory_.read_some(strings_ + symbol->st_name, text.data(), text.size()) != text.size() ||
        text.back() != 0 || text.compare(0, name.size(), name) != 0)
      return 0;
    const auto version = versions_ != 0 ? get<uint16_t>(versions_ + uint64_t{index} * 2)
                                        : std::optional<uint16_t>(0);
    return version && (*version & kHidden) == 0 ? module_.base + symbol->st_value : 0;
  }

  const ImageMemory& memory_;
  const Module& module_;
  uint64_t symbols_ = 0, strings_ = 0, versions_ = 0, hashes_ = 0;
};

}  // namespace

uint64_t exported_function(const ImageMemory& memory, const Module& module, std::string_view name) {
  Reader reader(memory, module);
  return reader.find_tables() ? reader.find(name) : 0;
}

}  // namespace track::process
