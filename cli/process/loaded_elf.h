// ELF modules as they lie in a process's memory: where they are, who they are, where their unwind
// table is. Read from memory, so that it is what was loaded whatever the file says by now.
// Bounds-checked: the memory may hold anything.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

struct LoadedElf {
  uint64_t bias = 0;
  uint64_t start = 0;  // of the lowest segment
  uint64_t end = 0;    // past the highest
  std::string build_id;
  uint64_t eh_frame_hdr = 0;  // address; 0 = none
  uint64_t eh_frame_hdr_bytes = 0;
  uint16_t machine = 0;
  bool bits64 = false;
};

// The module whose ELF header is at `header`; nothing when there is none.
std::optional<LoadedElf> loaded_elf(const ImageMemory& memory, uint64_t header);

// The modules of a process by its mappings, sorted by start.
std::vector<Module> loaded_modules(const std::vector<Mapping>& mappings, const ImageMemory& memory);

// What of a module's variables its file initialises: of each writable segment all but the zeros
// behind it.
std::vector<AddressRange> initialised_data(const ImageMemory& memory, const Module& module);

// The build-id in a file's notes, which start at `notes`; empty when there is none.
std::string build_id_in(const std::vector<std::byte>& notes);

}  // namespace track::process
