#include "cli/process/call_target.h"

#include <cstring>

namespace track::process {
namespace {

constexpr size_t kStubBytes = 16;

// The slot that `ff /r disp32(%rip)`, at `address`, reads; 0 when it is not that instruction.
uint64_t slot_of(const uint8_t* code, uint64_t address, uint8_t operation) {
  if (code[0] != 0xff || code[1] != operation) return 0;
  int32_t relative = 0;
  std::memcpy(&relative, code + 2, sizeof relative);
  return address + 6 + static_cast<uint64_t>(int64_t{relative});
}

}  // namespace

uint64_t called_function(const ProcessImage& image, uint64_t return_address) {
  uint8_t code[6] = {};
  if (!image.read(return_address - sizeof code, code, sizeof code)) return 0;
  if (const uint64_t slot = slot_of(code, return_address - sizeof code, 0x15))
    return image.word(slot);
  if (code[1] != 0xe8) return 0;
  int32_t relative = 0;
  std::memcpy(&relative, code + 2, sizeof relative);
  const uint64_t target = return_address + static_cast<uint64_t>(int64_t{relative});
  uint8_t stub[kStubBytes] = {};
  if (!image.read(target, stub, sizeof stub)) return target;
  // In a stub, `jmp *slot(%rip)` may follow endbr64 and a bnd prefix.
  for (size_t at = 0; at <= 5; ++at)
    if (const uint64_t slot = slot_of(stub + at, target + at, 0x25)) return image.word(slot);
  return target;
}

}  // namespace track::process
