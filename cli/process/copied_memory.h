// The memory that a process may have written, at one instant; what cannot change is read from the
// process when asked for. Pages that the process never touched are not fetched: they read as zero.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/process/live_memory.h"
#include "cli/process/memory_kinds.h"
#include "cli/process/pages.h"
#include "cli/process/room.h"

namespace track::process {

class CopiedMemory : public ImageMemory {
 public:
  explicit CopiedMemory(pid_t pid) : live_(pid), pid_(pid) {}
  CopiedMemory(const CopiedMemory&) = delete;
  CopiedMemory& operator=(const CopiedMemory&) = delete;

  // Makes room beforehand, so that the copying itself takes as little time as it can. Throws Error
  // when this machine has not enough memory for it.
  void reserve(uint64_t resident_bytes);
  // What of the mappings may hold references, as process `from` has it: this one, or an image of
  // it, which has nothing of shared memory: that is always read of the process itself. May be
  // called again for other mappings. missing: gets a line for what could not be copied.
  void copy(const std::vector<Mapping>& mappings, pid_t from, std::vector<std::string>& missing);
  uint64_t copied_bytes() const { return used_; }

  size_t read_some(uint64_t address, void* to, size_t bytes) const override;
  std::span<const std::byte> view(uint64_t address) const override;
  uint64_t next_view(uint64_t address) const override;

 private:
  // A run of pages that lie in the buffer one after another.
  struct Run {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t at = 0;  // in the buffer
    int file = -1;    // that it is read from, at `offset`; -1 = from a process
    uint64_t offset = 0;
    bool shared = false;
  };
  struct Area {
    uint64_t start = 0;
    uint64_t end = 0;
  };
  const Run* run_at(uint64_t address) const;
  const Area* area_at(uint64_t address) const;
  // Appends to the runs from `first` on; false: which pages exist cannot be told.
  bool find_runs(const Mapping& mapping, const PageTable& pages, size_t first);
  // Parts of a memory file that lie in none of the runs from `first` on. Returns its descriptor.
  int find_parts(const Mapping& mapping, size_t first);
  void add_run(const AddressRange& range, size_t first, const Run& like);
  void fetch(pid_t from, size_t first, size_t step, std::vector<char>& failed);

  LiveMemory live_;
  pid_t pid_;
  Room room_;
  uint64_t used_ = 0;
  std::vector<Run> runs_;    // sorted
  std::vector<Area> areas_;  // mappings copied, sorted
};

// Bytes of a process that are in memory or swapped out; what copying it may take.
uint64_t resident_bytes(pid_t pid);

}  // namespace track::process
