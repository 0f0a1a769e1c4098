#include "cli/process/dynamic_section.h"

#include <algorithm>

namespace track::process {
namespace {

constexpr uint64_t kMostEntries = 4096;  // of a dynamic section, of a list of versions
constexpr uint32_t kMostChained = 1 << 20;
constexpr uint16_t kHidden = 0x8000;  // an older version
constexpr size_t kLongestName = 512;

}  // namespace

DynamicSection::DynamicSection(const ImageMemory& memory, uint64_t header, uint64_t base)
    : memory_(memory), base_(base) {
  const auto elf = get<Elf64_Ehdr>(header);
  if (!elf || elf->e_phentsize != sizeof(Elf64_Phdr)) return;
  for (uint16_t i = 0; i < elf->e_phnum; ++i) {
    const auto segment = get<Elf64_Phdr>(header + elf->e_phoff + uint64_t{i} * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == PT_DYNAMIC) read(segment->p_vaddr);
  }
}

void DynamicSection::read(uint64_t vaddr) {
  for (uint64_t i = 0; i < kMostEntries; ++i) {
    const auto entry = get<Elf64_Dyn>(base_ + vaddr + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) break;
    const uint64_t value = entry->d_un.d_ptr;
    // The loader has turned most offsets into addresses, but not of every module.
    const uint64_t at = value < base_ ? base_ + value : value;
    if (entry->d_tag == DT_SYMTAB) symbols_ = at;
    if (entry->d_tag == DT_STRTAB) strings_ = at;
    if (entry->d_tag == DT_VERSYM) versions_ = at;
    if (entry->d_tag == DT_GNU_HASH) hashes_ = at;
    if (entry->d_tag == DT_VERNEED) needed_ = at;
    if (entry->d_tag == DT_VERDEF) definitions_ = at;
    if (entry->d_tag == DT_SONAME) soname_ = value;
  }
}

uint64_t DynamicSection::function(std::string_view name) const {
  if (!has_symbols()) return 0;
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

uint64_t DynamicSection::defined(uint32_t index, std::string_view name) const {
  const auto symbol = get<Elf64_Sym>(symbols_ + uint64_t{index} * sizeof(Elf64_Sym));
  if (!symbol || symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC)
    return 0;
  std::string text(name.size() + 1, 'x');
  if (memory_.read_some(strings_ + symbol->st_name, text.data(), text.size()) != text.size() ||
      text.back() != 0 || text.compare(0, name.size(), name) != 0)
    return 0;
  const auto version =
      versions_ != 0 ? get<uint16_t>(versions_ + uint64_t{index} * 2) : std::optional<uint16_t>(0);
  return version && (*version & kHidden) == 0 ? base_ + symbol->st_value : 0;
}

std::string DynamicSection::text_at(uint64_t offset) const {
  if (strings_ == 0) return {};
  std::string text(kLongestName, 0);
  text.resize(memory_.read_some(strings_ + offset, text.data(), text.size()));
  return text.substr(0, text.find('\0'));
}

std::string DynamicSection::soname() const {
  return soname_ ? text_at(*soname_) : std::string();
}

bool DynamicSection::defines_version(std::string_view version) const {
  uint64_t at = definitions_;
  for (uint64_t i = 0; at != 0 && i < kMostEntries; ++i) {
    const auto one = get<Elf64_Verdef>(at);
    const auto name = one ? get<Elf64_Verdaux>(at + one->vd_aux) : std::nullopt;
    if (!name) return false;
    if (text_at(name->vda_name) == version) return true;
    at = one->vd_next != 0 ? at + one->vd_next : 0;
  }
  return false;
}

void DynamicSection::each_needed_version(const NeededVersion& use) const {
  uint64_t at = needed_;
  for (uint64_t i = 0; at != 0 && i < kMostEntries; ++i) {
    const auto library = get<Elf64_Verneed>(at);
    if (!library) return;
    uint64_t one = at + library->vn_aux;
    for (uint16_t k = 0; k < library->vn_cnt; ++k) {
      const auto version = get<Elf64_Vernaux>(one);
      if (!version) return;
      use(text_at(library->vn_file), text_at(version->vna_name), version->vna_other);
      one += version->vna_next;
    }
    at = library->vn_next != 0 ? at + library->vn_next : 0;
  }
}

std::string DynamicSection::symbol_of_version(uint16_t index) const {
  // What is looked for elsewhere stands before the first that is hashed.
  const auto hashed = hashes_ != 0 ? get<uint32_t>(hashes_ + 4) : std::nullopt;
  if (!hashed || versions_ == 0 || symbols_ == 0) return {};
  for (uint32_t i = 1; i < std::min<uint32_t>(*hashed, kMostChained); ++i) {
    const auto symbol = get<Elf64_Sym>(symbols_ + uint64_t{i} * sizeof(Elf64_Sym));
    const auto version = get<uint16_t>(versions_ + uint64_t{i} * 2);
    if (symbol && version && symbol->st_shndx == SHN_UNDEF && (*version & ~kHidden) == index)
      return text_at(symbol->st_name);
  }
  return {};
}

}  // namespace track::process
