#include "cli/process/library_inside.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/process/dynamic_section.h"
#include "cli/process/live_memory.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr uint64_t kLargestLibrary = uint64_t{256} << 20;

std::string root_of(pid_t pid) {
  return "/proc/" + std::to_string(pid) + "/root";
}

std::string name_of(pid_t pid) {
  return "process " + std::to_string(pid) + " (" + command_name(pid) + ")";
}

std::vector<Elf64_Phdr> loaded_segments(const std::vector<std::byte>& file) {
  std::vector<Elf64_Phdr> result;
  Elf64_Ehdr elf;
  if (file.size() < sizeof elf) return result;
  std::memcpy(&elf, file.data(), sizeof elf);
  if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
      elf.e_machine != EM_X86_64 || elf.e_phentsize != sizeof(Elf64_Phdr))
    return result;
  for (uint64_t i = 0; i < elf.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t at = elf.e_phoff + i * sizeof segment;
    if (at > file.size() || file.size() - at < sizeof segment) break;
    std::memcpy(&segment, file.data() + at, sizeof segment);
    const bool whole = segment.p_offset <= file.size() &&
                       segment.p_filesz <= file.size() - segment.p_offset &&
                       segment.p_vaddr <= kLargestLibrary && segment.p_filesz <= kLargestLibrary;
    if (segment.p_type == PT_LOAD && whole) result.push_back(segment);
  }
  return result;
}

// A file as the loader would lay it out, at address 0.
class LaidOut : public ImageMemory {
 public:
  explicit LaidOut(const std::vector<std::byte>& file) {
    for (const Elf64_Phdr& segment : loaded_segments(file)) {
      bytes_.resize(std::max<size_t>(bytes_.size(), segment.p_vaddr + segment.p_filesz));
      std::memcpy(bytes_.data() + segment.p_vaddr, file.data() + segment.p_offset,
                  segment.p_filesz);
    }
  }
  size_t read_some(uint64_t address, void* to, size_t bytes) const override {
    if (address >= bytes_.size()) return 0;
    const size_t there = std::min<size_t>(bytes, bytes_.size() - address);
    std::memcpy(to, bytes_.data() + address, there);
    return there;
  }

 private:
  std::vector<std::byte> bytes_;
};

bool write_all(int file, const std::vector<std::byte>& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = write(file, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// Name and time of birth of a process, as one /proc says it.
std::string identity(const std::string& proc, const std::string& number) {
  constexpr int kStartTime = 20;  // words behind the name's closing parenthesis
  std::ifstream file(proc + "/" + number + "/stat");
  std::string text;
  std::getline(file, text, '\0');
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream words(text.substr(end + 1));
  std::string word;
  for (int i = 0; i < kStartTime; ++i)
    if (!(words >> word)) return {};
  return text.substr(text.find('('), end - text.find('(')) + " " + word;
}

// Nothing in there may lead out of it.
int open_inside(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

}  // namespace

std::vector<std::byte> loadable_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file && text.empty()) throw Error("cannot read " + path + ": " + std::strerror(errno));
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  size_t end = 0;
  for (const Elf64_Phdr& segment : loaded_segments(bytes))
    end = std::max<size_t>(end, segment.p_offset + segment.p_filesz);
  if (end < sizeof(Elf64_Ehdr)) throw Error(path + " is no library for x86-64");
  bytes.resize(end);
  Elf64_Ehdr elf;
  std::memcpy(&elf, bytes.data(), sizeof elf);
  elf.e_shoff = 0;
  elf.e_shnum = elf.e_shstrndx = 0;
  std::memcpy(bytes.data(), &elf, sizeof elf);
  return bytes;
}

void require_versions(pid_t pid, const std::vector<std::byte>& library) {
  const LiveMemory memory(pid);
  const LaidOut file(library);
  const DynamicSection ours(file, 0, 0);
  const std::vector<Module> modules = loaded_modules(mappings(pid), memory);
  std::string missing, from;
  ours.each_needed_version([&](const std::string& other, const std::string& version,
                               uint16_t index) {
    for (const Module& module : modules) {
      const DynamicSection theirs(memory, module.start, module.base);
      if (theirs.soname() != other) continue;
      if (theirs.defines_version(version)) return;
    }
    missing +=
        (missing.empty() ? "" : ", ") + version + " (" + ours.symbol_of_version(index) + ", ...)";
    from = other;
  });
  if (missing.empty()) return;
  throw Error(name_of(pid) + ": its " + from + " is older than libtrack.so needs: it has no " +
              missing +
              "; nothing was touched. Build libtrack against that glibc and name it with "
              "TRACK_LIBRARY; `track ps`, `hang`, `leaks` and `dump` work on it all the same");
}

std::optional<Module> tracker_inside(pid_t pid) {
  for (Module& module : loaded_modules(mappings(pid), LiveMemory(pid)))
    if (base_name(module.path).starts_with("libtrack.so")) return std::move(module);
  return std::nullopt;
}

uint64_t function_inside(pid_t pid, const Module& module, const std::string& name) {
  return DynamicSection(LiveMemory(pid), module.start, module.base).function(name);
}

bool sees_file(pid_t pid, const std::string& path) {
  struct stat here {
  }, there{};
  return stat(path.c_str(), &here) == 0 && stat((root_of(pid) + path).c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool sees_itself_in_proc(pid_t pid) {
  const int root = open(root_of(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int there = root < 0 ? -1 : open_inside(root, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0) close(root);
  if (there < 0) return false;
  struct statfs mounted {};
  bool found = false;
  if (fstatfs(there, &mounted) == 0 && mounted.f_type == PROC_SUPER_MAGIC) {
    const std::string own = identity("/proc", std::to_string(pid));
    std::istringstream numbers(status_field(pid, "NSpid"));
    for (std::string number; !own.empty() && numbers >> number;)
      found = found || identity("/proc/self/fd/" + std::to_string(there), number) == own;
  }
  close(there);
  return found;
}

PrivateCopy::PrivateCopy(pid_t pid, const std::vector<std::byte>& library, const std::string& first)
    : pid_(pid) {
  const int root = open(root_of(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    throw Error("cannot look into the root directory of " + name_of(pid) + ": " +
                std::strerror(errno));
  std::string tried;
  for (const std::string& directory : {first, std::string("/dev/shm"), std::string("/run"),
                                       std::string("/tmp"), std::string("/var/tmp")}) {
    if (directory.empty() || directory.front() != '/') continue;
    const std::string why = try_directory(root, directory, library);
    if (why.empty()) break;
    tried += (tried.empty() ? "" : ", ") + directory + ": " + why;
  }
  close(root);
  if (path_.empty())
    throw Error(name_of(pid) +
                " has another root directory, in which /proc is not mounted and libtrack.so can "
                "be put nowhere (" +
                tried +
                "); mount one there, or put the library where the process may load it from and "
                "name it: --library PATH");
}

// Why not; empty: it lies there.
std::string PrivateCopy::try_directory(int root, const std::string& directory,
                                       const std::vector<std::byte>& library) {
  const int there = open_inside(root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (there < 0) return std::strerror(errno);
  std::string why;
  struct statvfs mount {};
  std::ostringstream name;
  name << "libtrack.so." << pid_ << "." << std::hex << std::random_device()();
  if (fstatvfs(there, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) {
    why = "nothing may be run from it";
  } else {
    const int file = openat(there, name.str().c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
      why = std::strerror(errno);
    } else {
      // For everybody to read: the process may be another user's.
      if (!write_all(file, library) || fchmod(file, 0444) != 0) {
        why = std::strerror(errno);
        unlinkat(there, name.str().c_str(), 0);
      }
      close(file);
    }
  }
  if (!why.empty()) {
    close(there);
    return why;
  }
  directory_ = there;
  path_ = directory + "/" + name.str();
  return {};
}

PrivateCopy::~PrivateCopy() {
  if (directory_ < 0) return;
  unlinkat(directory_, base_name(path_).c_str(), 0);
  close(directory_);
}

}  // namespace track::process
