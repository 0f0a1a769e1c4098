// A process as it was seen: its mappings, modules, threads with registers, and its memory. From a
// live process (stopped for a moment, or not at all) or from a core file: see cli/process/image.h.
// Plain data and reads; const members may be called by several threads at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/model/frame.h"
#include "cli/model/memory.h"

namespace track {

// As /proc/PID/maps says it.
struct Mapping {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t offset = 0;
  uint64_t inode = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  bool deleted = false;
  std::string path;  // without " (deleted)"; "" = anonymous, "[heap]", "[stack]"
};

// x86-64, numbered as DWARF does.
struct Registers {
  enum Number { rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip };
  std::array<uint64_t, 17> values{};
  bool whole = false;  // false: only rip and rsp are known, the rest is 0
  uint64_t operator[](Number number) const { return values[number]; }
  uint64_t& operator[](Number number) { return values[number]; }
};

// Larger mappings are reserved address space (a sanitizer's shadow): never searched word by word.
inline constexpr uint64_t kLargestSearched = uint64_t{64} << 30;

struct ImageThread {
  int32_t tid = 0;
  std::string name;
  bool main = false;
  bool in_system_call = false;  // rip is behind a syscall instruction; number and arguments hold
  bool stopped_by_signal = false;
  bool exited = false;      // of a thread group that goes on without it: no registers
  uint64_t fs_base = 0;     // the thread's control block (pthread_t); 0 = unknown
  uint64_t gs_base = 0;     // the program's own to use; 0 = unused, as mostly, or unknown
  uint64_t started_ns = 0;  // CLOCK_MONOTONIC, to 10 ms; 0 = unknown
  uint64_t switches = 0;    // context switches so far: unchanged = it did not run; 0 = unknown
  int64_t system_call = 0;  // number
  std::array<uint64_t, 6> arguments{};
  Registers registers;
  std::vector<std::byte> vectors;  // x87 and vector registers as the kernel saves them, if had
  bool has_registers = false;      // false: on a CPU and not stopped, or gone
};

// Where the bytes come from.
class ImageMemory {
 public:
  virtual ~ImageMemory() = default;
  // How many bytes from `address` on could be read, in one piece: less than asked at a hole.
  virtual size_t read_some(uint64_t address, void* to, size_t bytes) const = 0;
  // The bytes from `address` on as far as they lie here already, to be looked at in place; empty
  // when they do not. Valid as long as this object.
  virtual std::span<const std::byte> view(uint64_t address) const {
    (void)address;
    return {};
  }
  // Where view() may have bytes next, from `address` on; ~0 = nowhere.
  virtual uint64_t next_view(uint64_t address) const { return address; }
};

struct ProcessImage {
  std::string source;   // "pid 4711", "core.4711": for messages
  std::string program;  // path
  std::vector<std::string> command_line;
  int32_t pid = 0;
  bool core = false;
  int signal = 0;          // that ended it (a core)
  bool coherent = false;   // registers and memory are of one instant
  uint64_t stack_top = 0;  // above the first thread's frames, where a core says so; 0 = unknown
  uint64_t pause_ns = 0;   // how long the process was held
  std::string pause_for;   // and what was done meanwhile, for people
  std::vector<Mapping> mappings;
  std::vector<Module> modules;               // by start, and apart
  std::vector<ImageThread> threads;          // main first, then by tid
  std::vector<std::string> missing;          // what could not be had, for people
  std::shared_ptr<const KernelSide> kernel;  // of the same instant; null = not asked
  std::shared_ptr<const ImageMemory> memory;

  // All of it, or false.
  bool read(uint64_t address, void* to, size_t bytes) const {
    return memory && memory->read_some(address, to, bytes) == bytes;
  }
  size_t read_some(uint64_t address, void* to, size_t bytes) const {
    return memory ? memory->read_some(address, to, bytes) : 0;
  }
  std::span<const std::byte> view(uint64_t address) const {
    return memory ? memory->view(address) : std::span<const std::byte>();
  }
  // 0 when it cannot be read.
  uint64_t word(uint64_t address) const {
    uint64_t value = 0;
    return read(address, &value, sizeof value) ? value : 0;
  }
  uint64_t next_view(uint64_t address) const {
    return memory ? memory->next_view(address) : ~uint64_t{0};
  }
  const Mapping* mapping_of(uint64_t address) const;
  const Module* module_of(uint64_t address) const;
};

}  // namespace track
