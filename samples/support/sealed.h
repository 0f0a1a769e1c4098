// Pointers that no scan of memory recognizes, as in hardware, in another process, or encrypted.
#pragma once

#include <cstdint>

class Sealed {
 public:
  void put(const void* object) { word_ = reinterpret_cast<std::uint64_t>(object) * kSeal; }
  void* get() const { return reinterpret_cast<void*>(word_ * kOpen); }

 private:
  static constexpr std::uint64_t kSeal = 0x9e3779b97f4a7c15u, kOpen = 0xf1de83e19937733du;
  static_assert(kSeal * kOpen == 1);
  std::uint64_t word_ = 0;
};
