// Which pages of a process exist, by /proc/PID/pagemap: what was never touched is neither read nor
// created. Address space that is only reserved costs nothing on kernels that can search for pages
// (6.7 and later), and 8 bytes a page on others.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "cli/model/memory.h"

namespace track::process {

class PageTable {
 public:
  explicit PageTable(pid_t pid);
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  enum class Which { existing, written };  // written: of those, none that are still a file's
  // Appends the ranges of such pages in [start, end), in order, swapped out ones too. False: it
  // cannot be told, and nothing is appended.
  bool find(uint64_t start, uint64_t end, Which which, std::vector<AddressRange>& to) const;

 private:
  bool search(uint64_t start, uint64_t end, Which which, std::vector<AddressRange>& to) const;
  bool read_entries(uint64_t start, uint64_t end, Which which, std::vector<AddressRange>& to) const;

  int file_ = -1;
};

}  // namespace track::process
