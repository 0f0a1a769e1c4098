#include "libtrack/capture/frame_heads.h"

#include <atomic>
#include <cstddef>

#include "libtrack/core/modules.h"
#include "libtrack/core/unwind.h"

namespace track::capture {
namespace {

// Answers about code that were yes, and, above each address, the modules' generation of then.
class KnownCode {
 public:
  bool has(uint64_t address) const {
    return places_[place_of(address)].load(std::memory_order_relaxed) == word_of(address);
  }
  void note(uint64_t address) {
    places_[place_of(address)].store(word_of(address), std::memory_order_relaxed);
  }

 private:
  static constexpr unsigned kBits = 6;
  static uint64_t word_of(uint64_t address) {
    return address | uint64_t{core::unwind_generation()} << 48;
  }
  static size_t place_of(uint64_t address) { return address * 0x9E3779B97F4A7C15u >> (64 - kBits); }
  std::atomic<uint64_t> places_[1u << kBits];
};

constinit KnownCode code, starts, destroys;

constexpr size_t kEntry = 96;   // of a destroy function: it marks the suspend index there
constexpr size_t kLongest = 8;  // instruction that is looked for
constexpr int32_t kPromise = 16;

// The memory operand `disp(%register)` of a ModRM byte; bytes 0: another one.
struct Operand {
  int32_t displacement = 0;
  uint8_t field = 0;  // the other register, or the operation
  size_t bytes = 0;   // with the ModRM byte
};

Operand operand(const uint8_t* at) {
  const uint8_t mode = at[0] >> 6, base = at[0] & 7;
  const auto field = static_cast<uint8_t>(at[0] >> 3 & 7);
  if (mode == 1 && base != 4) return {static_cast<int8_t>(at[1]), field, 2};
  if (mode != 2 || base == 4) return {};
  int32_t displacement;
  __builtin_memcpy(&displacement, at + 1, sizeof displacement);
  return {displacement, field, 5};
}

// GCC's destroy function sets the lowest bit of the frame's 16-bit suspend index, in place or by
// way of a register, and goes on in the resume function.
bool marks_suspend_index(const uint8_t* function, size_t bytes) {
  int32_t loaded = 0;
  bool set = false;
  for (size_t i = 0; i + kLongest <= bytes && i < kEntry; ++i) {
    const uint8_t* const at = function + i;
    if (at[0] == 0x0f && at[1] == 0xb7)  // movzwl field,%reg
      if (const Operand load = operand(at + 2); load.bytes != 0 && load.displacement >= kPromise)
        loaded = load.displacement;
    if (at[0] == 0x83 && (at[1] & 0xf8) == 0xc8 && at[2] == 1) set = loaded != 0;  // or $1,%reg
    if (at[0] != 0x66) continue;
    const Operand field = operand(at + 2);
    if (field.bytes == 0 || field.displacement < kPromise) continue;
    if (at[1] == 0x83 && field.field == 1 && at[2 + field.bytes] == 1) return true;  // orw $1,field
    if (at[1] == 0x89 && set && field.displacement == loaded) return true;  // mov %reg,field
  }
  return false;
}

bool starts_function(uint64_t address) {
  if (__builtin_expect(starts.has(address), 1)) return true;
  uint64_t start, end;
  if (!core::is_code(address) || core::function_start(address, &start, &end) == 0 ||
      start != address)
    return false;
  if (marks_suspend_index(reinterpret_cast<const uint8_t*>(start), end - start))
    destroys.note(address);
  starts.note(address);
  return true;
}

}  // namespace

bool is_code_still(uint64_t address) {
  if (__builtin_expect(code.has(address), 1)) return true;
  if (!core::is_code(address)) return false;
  code.note(address);
  return true;
}

HeadKind kind_of_head(const uint64_t* head) {
  const uint64_t resume = head[0], destroy = head[1];
  if (resume == destroy || !starts_function(destroy)) return HeadKind::none;
  if (resume == 0) return destroys.has(destroy) ? HeadKind::frame : HeadKind::done_or_other;
  if (starts_function(resume)) {
    if (!destroys.has(destroy)) destroys.note(destroy);
    return HeadKind::frame;
  }
  // Asio keeps the size of a block that it will give out again in the first byte, which is the
  // resume pointer's lowest.
  return core::is_code(resume) ? HeadKind::written_into : HeadKind::none;
}

}  // namespace track::capture
