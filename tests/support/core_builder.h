// An ELF core file written from an image, as the kernel writes one: notes first, then the memory.
#pragma once

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "cli/model/process_image.h"

namespace track::test {

class CoreBuilder {
 public:
  // with_code: read-only file mappings too; without, only their first pages, as is the default.
  CoreBuilder(const ProcessImage& image, bool with_code) : image_(image), with_code_(with_code) {}

  static constexpr uint64_t kLargest = 64 << 20;  // sanitizers reserve terabytes

  int signal = 0;
  uint16_t machine = EM_X86_64;
  bool with_threads = true;

  std::string bytes() {
    add_notes();
    std::vector<Elf64_Phdr> segments;
    std::string memory;
    for (const Mapping& mapping : image_.mappings)
      if (mapping.path != "[vvar]" && mapping.path != "[vsyscall]" &&
          mapping.end - mapping.start < kLargest)
        add(mapping, segments, memory);
    const uint64_t start = sizeof(Elf64_Ehdr) + (segments.size() + 1) * sizeof(Elf64_Phdr);
    Elf64_Phdr notes{};
    notes.p_type = PT_NOTE;
    notes.p_offset = start;
    notes.p_filesz = notes_.size();
    std::string file;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = machine;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<uint16_t>(segments.size() + 1);
    append(file, header);
    append(file, notes);
    for (Elf64_Phdr& segment : segments) {
      segment.p_offset += start + notes_.size();
      append(file, segment);
    }
    return file + notes_ + memory;
  }

  void write(const std::string& path) {
    const std::string all = bytes();
    std::ofstream(path, std::ios::binary)
        .write(all.data(), static_cast<std::streamsize>(all.size()));
  }

 private:
  template <typename T>
  static void append(std::string& to, const T& value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void note(uint32_t type, const std::string& value) {
    const Elf64_Nhdr header{5, static_cast<uint32_t>(value.size()), type};
    append(notes_, header);
    notes_.append("CORE\0\0\0\0", 8);
    notes_ += value;
    notes_.resize((notes_.size() + 3) & ~size_t{3});
  }

  void add_notes() {
    for (const ImageThread& thread : image_.threads) {
      if (!with_threads) break;
      elf_prstatus status{};
      status.pr_pid = thread.tid;
      status.pr_cursig = static_cast<short>(signal);
      user_regs_struct user{};
      const auto& r = thread.registers;
      user.rax = r[Registers::rax];
      user.rdx = r[Registers::rdx];
      user.rcx = r[Registers::rcx];
      user.rbx = r[Registers::rbx];
      user.rsi = r[Registers::rsi];
      user.rdi = r[Registers::rdi];
      user.rbp = r[Registers::rbp];
      user.rsp = r[Registers::rsp];
      user.r8 = r[Registers::r8];
      user.r9 = r[Registers::r9];
      user.r10 = r[Registers::r10];
      user.r11 = r[Registers::r11];
      user.r12 = r[Registers::r12];
      user.r13 = r[Registers::r13];
      user.r14 = r[Registers::r14];
      user.r15 = r[Registers::r15];
      user.rip = r[Registers::rip];
      user.fs_base = thread.fs_base;
      user.orig_rax = thread.in_system_call ? static_cast<uint64_t>(thread.system_call) : ~0ull;
      std::memcpy(&status.pr_reg, &user, sizeof user);
      std::string value;
      append(value, status);
      note(NT_PRSTATUS, value);
    }
    elf_prpsinfo info{};
    info.pr_pid = image_.pid;
    std::strncpy(info.pr_psargs, "server --port 80", sizeof info.pr_psargs);
    std::string value;
    append(value, info);
    note(NT_PRPSINFO, value);
    std::string auxiliary, files, names;
    uint64_t count = 0;
    for (const Mapping& mapping : image_.mappings) {
      if (mapping.path == "[vdso]")
        append(auxiliary, Elf64_auxv_t{AT_SYSINFO_EHDR, {mapping.start}});
      if (mapping.path == image_.program && mapping.offset == 0)
        append(auxiliary, Elf64_auxv_t{AT_PHDR, {mapping.start + 64}});
      if (mapping.path.empty() || mapping.path.front() != '/') continue;
      ++count;
      append(files, mapping.start);
      append(files, mapping.end);
      append(files, mapping.offset / 4096);
      names += mapping.path + '\0';
    }
    note(NT_AUXV, auxiliary);
    std::string all;
    append(all, count);
    append(all, uint64_t{4096});
    note(NT_FILE, all + files + names);
  }

  void add(const Mapping& mapping, std::vector<Elf64_Phdr>& segments, std::string& memory) {
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = (mapping.readable ? PF_R : 0u) | (mapping.writable ? PF_W : 0u) |
                      (mapping.executable ? PF_X : 0u);
    segment.p_vaddr = mapping.start;
    segment.p_memsz = mapping.end - mapping.start;
    segment.p_offset = memory.size();
    const bool code = !mapping.writable && !mapping.path.empty() && mapping.path.front() == '/';
    uint64_t wanted = segment.p_memsz;
    if (code && !with_code_) wanted = mapping.offset == 0 ? 4096 : 0;
    std::string bytes(wanted, 0);
    bytes.resize(image_.read_some(mapping.start, bytes.data(), bytes.size()));
    memory += bytes;
    segment.p_filesz = bytes.size();
    segments.push_back(segment);
  }

  const ProcessImage& image_;
  bool with_code_;
  std::string notes_;
};

}  // namespace track::test
