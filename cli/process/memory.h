// A live process's memory, read from outside: no stop, no signal, no ptrace attachment. What is
// read may change while it is read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

namespace track::process {

// False: not all of it could be written.
bool write_memory(pid_t pid, uint64_t address, const void* from, size_t bytes);

class Memory {
 public:
  explicit Memory(pid_t pid) : pid_(pid) {}

  // False: not all of it could be read.
  bool read(uint64_t address, void* to, size_t bytes) const;

  // `bytes` at each address, which must be sorted, into consecutive places of `to`; found[i] says
  // whether the i-th could be read. Near ones are fetched together.
  void read_each(std::span<const uint64_t> addresses, size_t bytes, std::span<std::byte> to,
                 std::vector<bool>& found) const;

  // Errno of a one-byte-wide probe at `address`; 0 = readable.
  int probe(uint64_t address) const;

 private:
  pid_t pid_;
};

}  // namespace track::process
