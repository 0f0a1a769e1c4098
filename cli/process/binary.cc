#include "cli/process/binary.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "cli/model/error.h"

namespace track::process {
namespace {

constexpr int kMostScripts = 4;  // as the kernel
constexpr uint16_t kMostSections = 4096;

class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  bool is_open() const { return fd_ >= 0; }
  bool read(uint64_t offset, void* to, size_t bytes) const {
    return pread(fd_, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
  }
  std::string text(uint64_t offset, size_t most) const {
    std::string result(most, 0);
    const ssize_t n = pread(fd_, result.data(), most, static_cast<off_t>(offset));
    result.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return result.substr(0, result.find('\0'));
  }

 private:
  int fd_;
};

void read_segments(const File& file, const Elf64_Ehdr& header, Binary& binary) {
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!file.read(header.e_phoff + uint64_t{i} * sizeof segment, &segment, sizeof segment)) return;
    if (segment.p_type != PT_INTERP) continue;
    binary.interpreter = file.text(segment.p_offset, std::min<uint64_t>(segment.p_filesz, 4096));
    binary.dynamic = true;
    binary.musl = binary.interpreter.find("ld-musl") != std::string::npos;
  }
}

void read_sections(const File& file, const Elf64_Ehdr& header, Binary& binary) {
  if (header.e_shnum > kMostSections || header.e_shstrndx >= header.e_shnum) return;
  Elf64_Shdr names;
  if (!file.read(header.e_shoff + uint64_t{header.e_shstrndx} * sizeof names, &names, sizeof names))
    return;
  for (uint16_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    if (!file.read(header.e_shoff + uint64_t{i} * sizeof section, &section, sizeof section)) return;
    if (section.sh_type == SHT_SYMTAB) binary.symbols = true;
    const std::string name = file.text(names.sh_offset + section.sh_name, 32);
    if (name == ".debug_info" || name == ".zdebug_info" || name == ".gnu_debuglink")
      binary.debug_info = true;
  }
}

// What makes the loader ignore LD_PRELOAD: privileges gained by executing the file.
bool gains_privileges(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) return true;
  if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 &&
      status.st_gid != getgid())
    return true;
  return getuid() != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

void inspect(const std::string& path, Binary& binary) {
  binary.path = path;
  binary.privileged = binary.privileged || gains_privileges(path);
  const File file(path);
  if (!file.is_open())
    throw Error("cannot read " + path + ": " + std::strerror(errno) +
                "; without reading it track cannot tell whether it can be tracked");
  unsigned char ident[EI_NIDENT] = {};
  if (!file.read(0, ident, sizeof ident) || std::memcmp(ident, ELFMAG, SELFMAG) != 0) return;
  binary.elf = true;
  binary.bits64 = ident[EI_CLASS] == ELFCLASS64;
  if (!binary.bits64) return;
  Elf64_Ehdr header;
  if (!file.read(0, &header, sizeof header)) return;
  binary.x86_64 = header.e_machine == EM_X86_64;
  read_segments(file, header, binary);
  read_sections(file, header, binary);
}

std::string find_command(const std::string& command) {
  if (command.empty()) throw Error("the command is empty; write: track run -- CMD");
  if (command.find('/') != std::string::npos) {
    if (access(command.c_str(), F_OK) != 0)
      throw Error("there is no command " + command + "; check the path");
    struct stat status {};
    if (stat(command.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      throw Error(command + " is a directory, not a command");
    if (access(command.c_str(), X_OK) != 0)
      throw Error(command + " may not be executed: " + std::strerror(errno) + "; see: chmod +x " +
                  command);
    return command;
  }
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + command;
    struct stat status {};
    if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  const bool here = access(command.c_str(), F_OK) == 0;
  throw Error("there is no command " + command + " in PATH; " +
              (here ? "to run the file of that name write ./" + command : "give its path"));
}

}  // namespace

std::string Binary::blocker() const {
  if (!elf)
    return path + " is neither an ELF program nor a `#!` script; name its interpreter: sh " + path;
  if (!bits64 || !x86_64)
    return path + " is not a 64-bit x86 program; libtrack.so is: build it for x86-64 to track it";
  if (!dynamic)
    return path +
           " is statically linked: there is no loader to load libtrack.so; link it "
           "dynamically to track it";
  if (musl)
    return path + " uses musl libc; libtrack.so needs glibc: build it against glibc to track it";
  if (privileged)
    return path +
           " gains privileges when executed (set-user-ID, set-group-ID or file "
           "capabilities): the loader ignores libtrack.so; run it as its own user";
  return {};
}

Binary inspect_file(const std::string& path) {
  Binary binary;
  binary.asked = path;
  inspect(path, binary);
  return binary;
}

Binary inspect_command(const std::string& command) {
  Binary binary;
  binary.asked = command;
  std::string path = find_command(command);
  for (int depth = 0; depth <= kMostScripts; ++depth) {
    const File file(path);
    char start[2] = {};
    if (!file.is_open() || !file.read(0, start, 2) || std::memcmp(start, "#!", 2) != 0) break;
    const std::string first_line = file.text(2, 256);
    std::istringstream words(first_line.substr(0, first_line.find('\n')));
    std::string interpreter, argument;
    words >> interpreter >> argument;
    binary.scripts.push_back(path);
    const bool env =
        interpreter.size() >= 4 && interpreter.compare(interpreter.size() - 4, 4, "/env") == 0;
    path = env && !argument.empty() && argument[0] != '-' ? find_command(argument)
                                                          : find_command(interpreter);
  }
  inspect(path, binary);
  return binary;
}

}  // namespace track::process
