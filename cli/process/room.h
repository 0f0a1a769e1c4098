// Room on this machine for a copy of a process's memory, on pages of 2 MiB where there are such.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace track::process {

// whose: for the message. Throws Error when a copy of so much, and what is worked out from it,
// would take more than this machine has left.
void require_room(const std::string& whose, uint64_t bytes);

// Only what is written takes memory. What one gives back is kept for the next: that the kernel
// wipes memory for us takes longer than to fill it. The bytes are what was there before. Throws
// Error: no address space. Any thread.
class Room {
 public:
  Room() = default;
  explicit Room(uint64_t bytes);
  ~Room();
  Room(Room&& other) noexcept;
  Room& operator=(Room&& other) noexcept;

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  void grow(uint64_t bytes);  // may move
  // So that no page is missing later.
  void touch(uint64_t bytes);

 private:
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace track::process
