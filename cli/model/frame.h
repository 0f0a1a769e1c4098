// A code address and what the symbolizer could say about it. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace track {

// One source-level function at an address. A code address has one or several (inlining).
struct Frame {
  std::string function;      // demangled, readable; empty when unknown
  std::string linkage_name;  // mangled; empty when unknown or a C name equal to `function`
  std::string
      file;  // as DWARF records it (absolute where the compiler said so); empty when unknown
  uint32_t line = 0;  // 0 when unknown
  uint32_t column = 0;
  bool inlined = false;  // true for every frame of an address but the outermost
};

// An executable file or shared object as the recording (or /proc/PID/maps) names it.
struct Module {
  std::string path;       // as mapped in the target's mount namespace; "[vdso]" for the vdso
  std::string build_id;   // lower-case hex, empty when the module has none
  uint64_t base = 0;      // load bias: runtime address - ELF virtual address
  uint64_t start = 0;     // lowest mapped address
  uint64_t end = 0;       // one past the highest mapped address
  uint32_t loaded = 0;    // module generation in which it appeared
  uint32_t unloaded = 0;  // generation in which it disappeared; 0 = still loaded
};

// An address resolved against the modules.
struct Location {
  uint64_t address = 0;       // the run-time address (a return address as captured)
  int32_t module = -1;        // index into Trace::modules; -1 = in no module
  uint64_t offset = 0;        // address - module base (ELF virtual address)
  std::vector<Frame> frames;  // innermost inline first; empty = not symbolized: show module+offset
};

}  // namespace track
