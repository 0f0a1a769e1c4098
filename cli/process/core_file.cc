// ELF core files, as the kernel and gdb's gcore write them. Everything in one is a hint from a
// file that may be cut short or made up: offsets are checked against its true size.
#include <elf.h>
#include <sys/procfs.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "cli/model/error.h"
#include "cli/process/core_memory.h"
#include "cli/process/image.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/registers.h"

namespace track::process {
namespace {

constexpr uint64_t kMostSegments = 1 << 20, kMostFiles = 1 << 20;
constexpr size_t kLongestPath = 4096;
constexpr uint64_t kMostPathBytes = 256 << 20;  // of all mappings together

class CoreReader {
 public:
  CoreReader(const std::string& path, const std::string& sysroot)
      : path_(path), sysroot_(sysroot), memory_(std::make_shared<CoreMemory>(path)) {}

  ProcessImage read() {
    read_segments();
    if (image_.threads.empty())
      throw Error(path_ + ": no threads in this core file (no NT_PRSTATUS note)" +
                  (cut_bytes_ != 0 ? "; it is cut short" : ""));
    image_.source = path_;
    image_.core = true;
    image_.coherent = true;
    image_.memory = memory_;
    name_mappings();
    note_left_out();
    find_modules();
    supply_files();
    std::sort(image_.threads.begin(), image_.threads.end(),
              [](const ImageThread& a, const ImageThread& b) { return a.tid < b.tid; });
    if (image_.pid == 0) image_.pid = image_.threads.front().tid;
    for (ImageThread& thread : image_.threads) thread.main = thread.tid == image_.pid;
    std::stable_partition(image_.threads.begin(), image_.threads.end(),
                          [](const ImageThread& thread) { return thread.main; });
    if (cut_bytes_ != 0)
      image_.missing.push_back("the core file is cut short: " + std::to_string(cut_bytes_ >> 10) +
                               " KiB of memory are missing (a full disk, or `ulimit -c`?)");
    return std::move(image_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }

  template <typename T>
  bool get(uint64_t offset, T& to) const {
    const auto bytes = memory_->file();
    if (offset > bytes.size() || bytes.size() - offset < sizeof to) return false;
    std::memcpy(&to, bytes.data() + offset, sizeof to);
    return true;
  }

  Elf64_Ehdr read_header() const {
    Elf64_Ehdr header{};
    if (!get(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
      fail("cannot be read, or is no ELF file");
    if (header.e_type != ET_CORE) fail("an ELF file, but no core file");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
      fail("a core file of another machine (ELF machine " + std::to_string(header.e_machine) +
           "); only 64-bit x86 can be read");
    return header;
  }

  uint64_t segment_count(const Elf64_Ehdr& header) const {
    if (header.e_phnum != PN_XNUM) return header.e_phnum;
    Elf64_Shdr first{};
    if (!get(header.e_shoff, first)) fail("cut short in its section headers");
    return first.sh_info;
  }

  void read_segments() {
    const Elf64_Ehdr header = read_header();
    const uint64_t count = segment_count(header);
    if (count > kMostSegments || header.e_phentsize != sizeof(Elf64_Phdr))
      fail("damaged program headers");
    std::vector<CoreMemory::Segment> segments;
    const uint64_t size = memory_->file().size();
    uint64_t left = size;  // no byte of the file is memory twice
    for (uint64_t i = 0; i < count; ++i) {
      Elf64_Phdr segment{};
      if (!get(header.e_phoff + i * sizeof segment, segment))
        fail("cut short in its program headers");
      if (segment.p_type == PT_NOTE) read_notes(segment.p_offset, segment.p_filesz);
      if (segment.p_type != PT_LOAD || segment.p_memsz == 0 ||
          segment.p_vaddr + segment.p_memsz < segment.p_vaddr)
        continue;
      const uint64_t wanted = std::min<uint64_t>(segment.p_filesz, segment.p_memsz);
      const uint64_t there = segment.p_offset >= size
                                 ? 0
                                 : std::min<uint64_t>({wanted, size - segment.p_offset, left});
      left -= there;
      cut_bytes_ += wanted - there;
      segments.push_back(
          {segment.p_vaddr, segment.p_vaddr + segment.p_memsz, segment.p_offset, there});
      Mapping mapping;
      mapping.start = segment.p_vaddr;
      mapping.end = segment.p_vaddr + segment.p_memsz;
      mapping.readable = (segment.p_flags & PF_R) != 0;
      mapping.writable = (segment.p_flags & PF_W) != 0;
      mapping.executable = (segment.p_flags & PF_X) != 0;
      if (mapping.writable && there < segment.p_memsz)
        left_out_.push_back({mapping.start, segment.p_memsz - there});
      image_.mappings.push_back(std::move(mapping));
    }
    std::sort(segments.begin(), segments.end(),
              [](const auto& a, const auto& b) { return a.start < b.start; });
    std::sort(image_.mappings.begin(), image_.mappings.end(),
              [](const Mapping& a, const Mapping& b) { return a.start < b.start; });
    memory_->set_segments(std::move(segments));
  }

  void read_notes(uint64_t offset, uint64_t bytes) {
    const uint64_t end = std::min<uint64_t>(memory_->file().size(), offset + bytes);
    if (end < offset + bytes) cut_bytes_ += offset + bytes - end;
    Elf64_Nhdr note{};
    while (offset + sizeof note <= end && get(offset, note)) {
      const uint64_t value = offset + sizeof note + ((uint64_t{note.n_namesz} + 3) & ~uint64_t{3});
      if (value + note.n_descsz > end) break;
      read_note(note.n_type, value, note.n_descsz);
      offset = value + ((uint64_t{note.n_descsz} + 3) & ~uint64_t{3});
    }
  }

  void read_note(uint32_t type, uint64_t at, uint64_t bytes) {
    switch (type) {
      case NT_PRSTATUS:
        return read_thread(at);
      case NT_FPREGSET:
      case NT_X86_XSTATE:
        if (!image_.threads.empty()) {
          const auto state = memory_->file().subspan(at, bytes);
          image_.threads.back().vectors.assign(state.begin(), state.end());
        }
        return;
      case NT_PRPSINFO:
        return read_process(at);
      case NT_AUXV:
        return read_auxiliary(at, bytes);
      case NT_FILE:
        return read_files(at, bytes);
      default:
        return;
    }
  }

  void read_thread(uint64_t at) {
    elf_prstatus status{};
    if (!get(at, status)) return;
    ImageThread thread;
    thread.tid = status.pr_pid;
    user_regs_struct user{};
    static_assert(sizeof user == sizeof status.pr_reg);
    std::memcpy(&user, &status.pr_reg, sizeof user);
    apply_registers(user, thread);
    if (image_.threads.empty()) image_.signal = status.pr_cursig;
    image_.threads.push_back(std::move(thread));
  }

  void read_process(uint64_t at) {
    elf_prpsinfo info{};
    if (!get(at, info)) return;
    image_.pid = info.pr_pid;
    std::istringstream words(std::string(info.pr_psargs, strnlen(info.pr_psargs, ELF_PRARGSZ)));
    for (std::string word; words >> word;) image_.command_line.push_back(word);
  }

  void read_auxiliary(uint64_t at, uint64_t bytes) {
    for (Elf64_auxv_t entry{}; bytes >= sizeof entry && get(at, entry);
         at += sizeof entry, bytes -= sizeof entry) {
      if (entry.a_type == AT_SYSINFO_EHDR) vdso_ = entry.a_un.a_val;
      if (entry.a_type == AT_PHDR) program_headers_ = entry.a_un.a_val;
      // 16 bytes that the kernel puts above the arguments, the environment and this list.
      if (entry.a_type == AT_RANDOM) image_.stack_top = entry.a_un.a_val & ~uint64_t{15};
    }
  }

  struct File {
    uint64_t start, end, offset;
    std::string path;
  };

  void read_files(uint64_t at, uint64_t bytes) {
    const uint64_t end = at + bytes;
    uint64_t count = 0, page = 0;
    if (!get(at, count) || !get(at + 8, page) || count > kMostFiles) return;
    uint64_t name = at + 16 + count * 24;
    for (uint64_t i = 0; i < count && name < end; ++i) {
      File file{};
      get(at + 16 + i * 24, file.start);
      get(at + 24 + i * 24, file.end);
      get(at + 32 + i * 24, file.offset);
      file.offset *= page;
      const auto* text = reinterpret_cast<const char*>(memory_->file().data() + name);
      const size_t length = strnlen(text, end - name);
      file.path.assign(text, std::min(length, kLongestPath));
      name += length + 1;
      files_.push_back(std::move(file));
    }
    std::stable_sort(files_.begin(), files_.end(),
                     [](const File& a, const File& b) { return a.start < b.start; });
  }

  // The file that is mapped there; null = none.
  const File* file_at(uint64_t address) const {
    const auto after =
        std::upper_bound(files_.begin(), files_.end(), address,
                         [](uint64_t value, const File& file) { return value < file.start; });
    if (after == files_.begin()) return nullptr;
    const File& file = *std::prev(after);
    return address < file.end ? &file : nullptr;
  }

  void name_mappings() {
    for (File& file : files_) {
      constexpr std::string_view kDeleted = " (deleted)";
      if (file.path.ends_with(kDeleted)) file.path.resize(file.path.size() - kDeleted.size());
    }
    uint64_t left = kMostPathBytes;
    std::vector<bool> known(files_.size());
    for (Mapping& mapping : image_.mappings) {
      const File* file = file_at(mapping.start);
      if (file == nullptr) continue;
      known[static_cast<size_t>(file - files_.data())] = true;
      if (file->path.size() > left) continue;
      left -= file->path.size();
      mapping.path = file->path;
      mapping.offset = file->offset + (mapping.start - file->start);
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      const File& file = files_[i];
      if (known[i] || file.start >= file.end) continue;
      Mapping mapping;  // left out of the core altogether: what may be done with it is not said
      mapping.start = file.start;
      mapping.end = file.end;
      mapping.offset = file.offset;
      mapping.readable = mapping.executable = true;
      mapping.path = file.path;
      image_.mappings.push_back(std::move(mapping));
    }
    std::sort(image_.mappings.begin(), image_.mappings.end(),
              [](const Mapping& a, const Mapping& b) { return a.start < b.start; });
    for (Mapping& mapping : image_.mappings) {
      if (mapping.start == vdso_ && vdso_ != 0) mapping.path = "[vdso]";
      if (program_headers_ >= mapping.start && program_headers_ < mapping.end)
        image_.program = mapping.path;
    }
    if (files_.empty())
      image_.missing.push_back("names of the mapped files: the core has no NT_FILE note");
  }

  // What the process may have written and the core does not hold. A file's mapping is left out when
  // it is shared with others, or was never written to.
  void note_left_out() {
    uint64_t bytes = 0;
    for (const LeftOut& part : left_out_) {
      const Mapping* mapping = image_.mapping_of(part.start);
      if (mapping == nullptr || mapping->path.empty()) bytes += part.bytes;
    }
    if (bytes == 0 && cut_bytes_ == 0) return;
    image_.coherent = false;
    if (cut_bytes_ == 0)
      image_.missing.push_back("the core file leaves out " + std::to_string(bytes >> 10) +
                               " KiB of writable memory");
  }

  void find_modules() {
    image_.modules = loaded_modules(image_.mappings, *memory_);
    std::vector<std::string> unknown;
    std::set<std::string> said;
    for (const Mapping& mapping : image_.mappings) {
      if (!mapping.executable || mapping.path.empty() || mapping.path.front() != '/') continue;
      if (image_.module_of(mapping.start) != nullptr) continue;
      if (said.insert(mapping.path).second) unknown.push_back(mapping.path);
    }
    for (const std::string& path : unknown)
      image_.missing.push_back(path + ": its headers are not in the core, so which build it was " +
                               "is not known and its symbols are not used");
  }

  // Code is seldom in a core. Its file will do, if it is the same build.
  void supply_files() {
    std::multimap<std::string_view, const Mapping*> by_path;
    for (const Mapping& mapping : image_.mappings)
      if (!mapping.writable) by_path.emplace(mapping.path, &mapping);
    std::set<std::string> seen;
    for (const Module& module : image_.modules) {
      if (module.path.empty() || module.path.front() != '/') continue;
      if (!seen.insert(module.path).second) continue;
      const auto file = std::make_shared<const MappedFile>(sysroot_ + module.path);
      const auto on_disk = loaded_elf(FileMemory(*file), 0);
      if (!on_disk) {
        image_.missing.push_back(module.path + " is not here: code that the core leaves out " +
                                 "cannot be read; give --sysroot");
        continue;
      }
      if (module.build_id.empty() || on_disk->build_id != module.build_id) {
        image_.missing.push_back(module.path + (module.build_id.empty()
                                                    ? " has no build-id: its file is not used"
                                                    : " is another build by now: not used"));
        continue;
      }
      const auto [first, past] = by_path.equal_range(module.path);
      for (auto entry = first; entry != past; ++entry) memory_->add_file(*entry->second, file);
    }
  }

  std::string path_, sysroot_;
  std::shared_ptr<CoreMemory> memory_;
  ProcessImage image_;
  std::vector<File> files_;
  struct LeftOut {
    uint64_t start, bytes;
  };
  std::vector<LeftOut> left_out_;
  uint64_t vdso_ = 0, program_headers_ = 0, cut_bytes_ = 0;
};

}  // namespace

ProcessImage read_core(const std::string& path, const std::string& sysroot) {
  return CoreReader(path, sysroot).read();
}

bool is_core(const std::string& path) {
  Elf64_Ehdr header{};
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  return file.gcount() >= static_cast<std::streamsize>(offsetof(Elf64_Ehdr, e_machine)) &&
         std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_CORE;
}

}  // namespace track::process
