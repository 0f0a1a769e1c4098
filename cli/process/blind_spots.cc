#include "cli/process/blind_spots.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cli/process/core_memory.h"

namespace track::process {
namespace {

constexpr uint32_t kFutex = 202;

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : file_(file) {}

  BlindSpots read() {
    Elf64_Ehdr header{};
    if (!get(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
      return {};
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    for (size_t i = 0; i < sections.size(); ++i)
      if (!get(header.e_shoff + i * sizeof sections[i], sections[i])) return {};
    const auto names = header.e_shstrndx < sections.size() ? bytes_of(sections[header.e_shstrndx])
                                                           : std::span<const std::byte>();
    bool symtab = false, clang = false;
    for (const Elf64_Shdr& section : sections) {
      const std::string_view name = text(names, section.sh_name);
      if (name == ".go.buildinfo" || name == ".gopclntab") found_.go = true;
      if (name == ".comment") {
        const auto bytes = bytes_of(section);
        const std::string_view made(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        clang = made.find("clang version") != std::string_view::npos;
        found_.rust = found_.rust || made.find("rustc version") != std::string_view::npos;
      }
      symtab = symtab || section.sh_type == SHT_SYMTAB;
      if ((section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM) &&
          section.sh_link < sections.size())
        read_symbols(bytes_of(section), bytes_of(sections[section.sh_link]));
      if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0)
        read_code(bytes_of(section));
    }
    found_.stripped_clang = clang && !symtab;
    return std::move(found_);
  }

 private:
  template <class T>
  bool get(uint64_t offset, T& to) const {
    if (offset > file_.size() || file_.size() - offset < sizeof to) return false;
    std::memcpy(&to, file_.data() + offset, sizeof to);
    return true;
  }

  std::span<const std::byte> bytes_of(const Elf64_Shdr& section) const {
    if (section.sh_type == SHT_NOBITS || section.sh_offset > file_.size()) return {};
    return file_.subspan(section.sh_offset,
                         std::min<uint64_t>(section.sh_size, file_.size() - section.sh_offset));
  }

  static std::string_view text(std::span<const std::byte> strings, uint64_t at) {
    if (at >= strings.size()) return {};
    const auto* begin = reinterpret_cast<const char*>(strings.data() + at);
    return {begin, strnlen(begin, std::min<size_t>(strings.size() - at, 4096))};
  }

  void read_symbols(std::span<const std::byte> symbols, std::span<const std::byte> strings) {
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, symbols.data() + at, sizeof symbol);
      if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
      take(text(strings, symbol.st_name));
    }
  }

  // The name of a function that is in this very file.
  void take(std::string_view name) {
    static constexpr struct {
      const char *prefix, *allocator;
    } kAllocators[] = {{"je_arena", "jemalloc"},  {"je_malloc", "jemalloc"},
                       {"mallocx", "jemalloc"},   {"mi_malloc", "mimalloc"},
                       {"tc_malloc", "tcmalloc"}, {"TCMallocInternal", "tcmalloc"},
                       {"rpmalloc", "rpmalloc"},  {"scalable_malloc", "tbbmalloc"}};
    for (const auto& [prefix, allocator] : kAllocators)
      if (name.starts_with(prefix)) found_.allocator = allocator;
    if (name == "malloc" && found_.allocator.empty()) found_.allocator = "a malloc of its own";
    if (name.starts_with("__rust_alloc") || name == "rust_begin_unwind" || name.starts_with("_RNv"))
      found_.rust = true;
    // GCC: `f.actor`, clang: `f.resume` and `f.cleanup`.
    const bool clang = name.ends_with(".cleanup");
    if (clang || name.ends_with(".actor")) found_.coroutines = true;
    found_.clang_coroutines = found_.clang_coroutines || clang;
    if (name.find("12promise_typenw") != std::string_view::npos) found_.pooled_coroutines = true;
  }

  // `mov $number, %eax`, and soon `syscall`: what a compiler or a person writes for one.
  void read_code(std::span<const std::byte> code) {
    constexpr size_t kNear = 48;
    const auto* bytes = reinterpret_cast<const uint8_t*>(code.data());
    for (size_t at = 0; at + 1 < code.size(); ++at) {
      const auto* next =
          static_cast<const uint8_t*>(std::memchr(bytes + at, 0x0f, code.size() - 1 - at));
      if (next == nullptr) return;
      at = static_cast<size_t>(next - bytes);
      if (bytes[at + 1] != 0x05) continue;
      if (const auto number = number_before(bytes, at, kNear))
        ++(*number == kFutex ? found_.futexes : found_.system_calls);
    }
  }

  static std::optional<uint32_t> number_before(const uint8_t* bytes, size_t at, size_t near) {
    constexpr uint32_t kNumbers = 1024;
    for (size_t back = 5; back <= std::min(at, near); ++back) {
      if (bytes[at - back] != 0xb8) continue;
      uint32_t number = 0;
      std::memcpy(&number, bytes + at - back + 1, sizeof number);
      if (number < kNumbers) return number;
    }
    return std::nullopt;
  }

  std::span<const std::byte> file_;
  BlindSpots found_;
};

}  // namespace

BlindSpots find_blind_spots(const std::string& path) {
  const MappedFile file(path);
  return Reader(file.bytes()).read();
}

}  // namespace track::process
