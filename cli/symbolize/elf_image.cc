#include "cli/symbolize/elf_image.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace track::symbolize {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Absolute symbolic links in another root must not lead into ours; kernels before 5.6 cannot say
// so, then the plain concatenation has to do.
int open_in_root(const std::string& root, const std::string& path) {
  const int directory = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_IN_ROOT;
  long fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
    fd = ::open((root + "/" + path).c_str(), kOpenFlags);
  }
  const int error = errno;
  ::close(directory);
  errno = error;
  return static_cast<int>(fd);
}

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

bool has_section(Elf* elf, std::initializer_list<const char*> names) {
  size_t strings = 0;
  if (elf_getshdrstrndx(elf, &strings) != 0) return false;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS) continue;
    const char* name = elf_strptr(elf, strings, header.sh_name);
    for (const char* wanted : names) {
      if (name && std::strcmp(name, wanted) == 0) return true;
    }
  }
  return false;
}

}  // namespace

FileRoot::FileRoot(std::string sysroot) : sysroot_(std::move(sysroot)) {
  while (!sysroot_.empty() && sysroot_.back() == '/') sysroot_.pop_back();
}

int FileRoot::open(const std::string& path) const {
  const int fd = sysroot_.empty() ? ::open(path.c_str(), kOpenFlags) : open_in_root(sysroot_, path);
  if (fd < 0) return -1;
  struct stat status;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return fd;
  ::close(fd);
  errno = EINVAL;
  return -1;
}

std::string hex(const void* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<const unsigned char*>(bytes)[i];
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::unique_ptr<ElfImage> ElfImage::from_descriptor(int fd, std::string path, std::string& why) {
  elf_version(EV_CURRENT);
  Elf* elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  GElf_Ehdr header;
  if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) {
    why = "not an ELF file";
  } else if (gelf_getclass(elf) != ELFCLASS64 || header.e_machine != EM_X86_64) {
    why = "not an x86-64 file";
  } else {
    return std::unique_ptr<ElfImage>(new ElfImage(fd, elf, std::move(path)));
  }
  if (elf) elf_end(elf);
  ::close(fd);
  return nullptr;
}

ElfImage::ElfImage(int fd, Elf* elf, std::string path)
    : fd_(fd), elf_(elf), path_(std::move(path)) {
  const void* id = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf_, &id);
  if (size > 0) build_id_ = hex(id, static_cast<size_t>(size));
}

ElfImage::~ElfImage() {
  elf_end(elf_);
  ::close(fd_);
}

DebugLink ElfImage::debug_link() const {
  GElf_Word crc = 0;
  const char* name = dwelf_elf_gnu_debuglink(elf_, &crc);
  return name ? DebugLink{name, crc} : DebugLink{};
}

bool ElfImage::has_dwarf() const {
  return has_section(elf_, {".debug_info", ".zdebug_info"});
}
bool ElfImage::has_symtab() const {
  return has_section(elf_, {".symtab"});
}

bool ElfImage::is_code(uint64_t address) const {
  size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return false;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (!gelf_getphdr(elf_, static_cast<int>(i), &segment)) return false;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_memsz) {
      return true;
    }
  }
  return false;
}

bool ElfImage::crc(uint32_t& value) const {
  std::vector<unsigned char> buffer(1 << 20);
  uint32_t state = 0xFFFFFFFFu;
  off_t at = 0;
  while (true) {
    const ssize_t got = ::pread(fd_, buffer.data(), buffer.size(), at);
    if (got < 0) return false;
    if (got == 0) break;
    at += got;
    for (ssize_t i = 0; i < got; ++i) {
      state = (state >> 8) ^ kCrcTable[(state ^ buffer[static_cast<size_t>(i)]) & 0xFF];
    }
  }
  value = ~state;
  return true;
}

}  // namespace track::symbolize
