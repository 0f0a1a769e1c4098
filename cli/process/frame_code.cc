#include "cli/process/frame_code.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "cli/process/function_extent.h"

namespace track::process {
namespace {

constexpr size_t kEntry = 96;   // where both functions decide on the suspend index
constexpr size_t kBody = 1024;  // where resume may reach its final suspension
constexpr size_t kPadding = 8;  // the longest instruction that is looked for
constexpr int32_t kPromise = 16;

struct Code {
  std::vector<uint8_t> bytes;
  size_t size = 0;
  Code(const ImageMemory& memory, uint64_t address, uint64_t end, size_t wanted)
      : bytes(wanted + kPadding) {
    if (end > address) wanted = std::min<uint64_t>(wanted, end - address);
    size = memory.read_some(address, bytes.data(), wanted);
  }
};

// The memory operand `disp(%register)` of a ModRM byte.
struct Operand {
  int32_t displacement = 0;
  uint8_t field = 0;  // the other register, or the operation
  uint8_t base = 0;
  size_t bytes = 0;  // with the ModRM byte
};

std::optional<Operand> operand(const uint8_t* code) {
  const uint8_t mode = code[0] >> 6, base = code[0] & 7;
  if (mode == 3 || base == 4 || (mode == 0 && base == 5)) return std::nullopt;
  Operand result{0, static_cast<uint8_t>(code[0] >> 3 & 7), base, 1};
  if (mode == 1) {
    result.displacement = static_cast<int8_t>(code[1]);
    result.bytes = 2;
  } else if (mode == 2) {
    std::memcpy(&result.displacement, code + 1, 4);
    result.bytes = 5;
  }
  return result;
}

// `movzwl field,%reg`
std::optional<Operand> wide_load(const uint8_t* code) {
  if (code[0] != 0x0f || code[1] != 0xb7) return std::nullopt;
  return operand(code + 2);
}

struct Mark {
  int32_t field = 0;  // 0: none
  size_t after = 0;   // where the code goes on
};

// GCC's destroy sets the lowest bit of the 16-bit suspend index, in place or through a register.
Mark find_mark(const Code& destroy) {
  int32_t loaded = 0;
  bool set = false;
  for (size_t i = 0; i < destroy.size; ++i) {
    const uint8_t* at = destroy.bytes.data() + i;
    if (const auto load = wide_load(at); load && load->displacement >= kPromise)
      loaded = load->displacement;
    if (at[0] == 0x83 && (at[1] & 0xf8) == 0xc8 && at[2] == 1) set = loaded != 0;
    if (at[0] != 0x66) continue;
    const auto field = operand(at + 2);
    if (!field || field->displacement < kPromise) continue;
    if (at[1] == 0x83 && field->field == 1 && at[2 + field->bytes] == 1)
      return {field->displacement, i + 3 + field->bytes};
    if (at[1] == 0x89 && set && field->displacement == loaded)
      return {loaded, i + 2 + field->bytes};
  }
  return {};
}

// GCC's resume begins with that bit: set, it is being destroyed.
bool asks_for_mark(const Code& resume, int32_t field) {
  for (size_t i = 0; i < resume.size; ++i) {
    const uint8_t* at = resume.bytes.data() + i;
    if (const auto load = wide_load(at); load && load->displacement == field) return true;
    if (at[0] != 0xf6) continue;  // testb $1,field
    const auto test = operand(at + 1);
    if (test && test->field == 0 && test->displacement == field && at[1 + test->bytes] == 1)
      return true;
  }
  return false;
}

constexpr size_t kNear = 24;  // instructions' bytes behind the mark

// The resume function that destroy jumps to, or calls, with the mark set; 0 = it has a copy of it.
uint64_t called_with_mark(const ImageMemory& memory, uint64_t address, const Code& destroy,
                          const Mark& mark) {
  for (size_t i = mark.after; i < std::min(mark.after + kNear, destroy.size); ++i) {
    const uint8_t* at = destroy.bytes.data() + i;
    if (at[0] != 0xe8 && at[0] != 0xe9) continue;
    int32_t relative = 0;
    std::memcpy(&relative, at + 1, sizeof relative);
    const uint64_t target = address + i + 5 + static_cast<uint64_t>(int64_t{relative});
    if (asks_for_mark(Code(memory, target, 0, kEntry), mark.field)) return target;
  }
  return 0;
}

// Where it has a copy that compares with an odd index next.
bool goes_on_destroying(const ImageMemory& memory, uint64_t address, const Code& destroy,
                        const Mark& mark) {
  for (size_t i = mark.after; i < std::min(mark.after + kNear, destroy.size); ++i) {
    const uint8_t* at = destroy.bytes.data() + i;
    if (at[0] == 0x66 && at[1] == 0x83 && (at[2] & 0xf8) == 0xf8 && at[3] % 2 == 1) return true;
  }
  return called_with_mark(memory, address, destroy, mark) != 0;
}

// The 8-bit fields that are read: what clang's suspend index may be.
std::vector<int32_t> narrow_reads(const Code& code) {
  std::vector<int32_t> fields;
  for (size_t i = 0; i < code.size; ++i) {
    const uint8_t* at = code.bytes.data() + i;
    std::optional<Operand> read;
    if (at[0] == 0x0f && at[1] == 0xb6) read = operand(at + 2);
    if (at[0] == 0x8a) read = operand(at + 1);
    if (at[0] == 0x80 || at[0] == 0xf6) {
      read = operand(at + 1);
      if (read && read->field != (at[0] == 0x80 ? 7 : 0)) read.reset();
    }
    if (read && read->displacement >= kPromise) fields.push_back(read->displacement);
  }
  return fields;
}

bool share(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  for (const int32_t x : a)
    for (const int32_t y : b)
      if (x == y) return true;
  return false;
}

// `cmpq $0,(%register)`: destroy asks whether the frame is at its final suspension.
bool asks_for_end(const Code& destroy) {
  for (size_t i = 0; i < destroy.size; ++i) {
    const uint8_t* at = destroy.bytes.data() + i;
    if ((at[0] & 0xfe) == 0x48 && at[1] == 0x83 && (at[2] & 0xf8) == 0x38 && operand(at + 2) &&
        at[3] == 0)
      return true;
  }
  return false;
}

// `movq $0,(%register)`: resume comes to the final suspension.
bool reaches_end(const Code& resume) {
  for (size_t i = 0; i < resume.size; ++i) {
    const uint8_t* at = resume.bytes.data() + i;
    if ((at[0] & 0xfe) == 0x48 && at[1] == 0xc7 && at[2] < 8 && operand(at + 2) &&
        std::memcmp(at + 3, "\0\0\0\0", 4) == 0)
      return true;
  }
  return false;
}

}  // namespace

uint32_t gcc_index_offset(const ImageMemory& memory, const std::vector<Module>& modules,
                          uint64_t destroy) {
  const Code entry(memory, destroy, function_extent(memory, modules, destroy).end, kEntry);
  const Mark mark = find_mark(entry);
  const bool sure = mark.field != 0 && goes_on_destroying(memory, destroy, entry, mark);
  return sure ? static_cast<uint32_t>(mark.field) : 0;
}

uint64_t gcc_resume(const ImageMemory& memory, const std::vector<Module>& modules,
                    uint64_t destroy) {
  const Code entry(memory, destroy, function_extent(memory, modules, destroy).end, kEntry);
  const Mark mark = find_mark(entry);
  return mark.field == 0 ? 0 : called_with_mark(memory, destroy, entry, mark);
}

CodeEvidence frame_code(const ImageMemory& memory, const std::vector<Module>& modules,
                        uint64_t resume, uint64_t destroy) {
  const Code destroy_entry(memory, destroy, function_extent(memory, modules, destroy).end, kEntry);
  const Mark mark = find_mark(destroy_entry);
  if (resume == 0)
    return mark.field != 0 && goes_on_destroying(memory, destroy, destroy_entry, mark)
               ? CodeEvidence::exact
               : CodeEvidence::none;
  const uint64_t resume_end = function_extent(memory, modules, resume).end;
  const Code resume_entry(memory, resume, resume_end, kEntry);
  if (mark.field != 0 && asks_for_mark(resume_entry, mark.field)) return CodeEvidence::exact;
  const std::vector<int32_t> index = narrow_reads(resume_entry);
  // Without its extent a function cannot be told from its neighbours.
  if (resume_end == 0) return CodeEvidence::none;
  const bool ends = reaches_end(Code(memory, resume, resume_end, kBody));
  // Where there is but one place to go on from nobody asks for an index.
  if (index.empty())
    return ends && resume_end == destroy ? CodeEvidence::alike : CodeEvidence::none;
  const bool both = share(index, narrow_reads(destroy_entry)) || asks_for_end(destroy_entry);
  return both || ends ? CodeEvidence::alike : CodeEvidence::none;
}

}  // namespace track::process
