// eh_frame.h: what .eh_frame says about one instruction: the function's extent and where its
// caller's registers are.
//  - Lookup is lazy: _dl_find_object (lock-free), bisection in .eh_frame_hdr, one FDE interpreted.
//  - Any thread, any signal handler; no lock, no allocation, 0.2 to 1 µs.
//  - What it does not understand (DWARF64, odd encodings, damaged tables) is said, never guessed;
//  it
//    reads nothing outside the module's mapping.
#pragma once

#include <stdint.h>

namespace track::core {

struct Fde {
  uint64_t start = 0;  // first instruction covered
  uint64_t end = 0;    // one past the last
  const uint8_t* program = nullptr;
  const uint8_t* program_end = nullptr;
  const uint8_t* cie_program = nullptr;
  const uint8_t* cie_program_end = nullptr;
  uint64_t code_align = 0;
  int64_t data_align = 0;
  uint8_t pointer_encoding = 0;
  bool signal_frame = false;
};

enum class FdeLookup : uint8_t {
  kFound,
  kAbsent,      // no module, no table, or a gap between functions; gap_* below are set if known
  kUnreadable,  // there is a table, but not one this reader understands
};

// The code around a pc that no FDE covers: the hole between two neighbours in the table.
struct FdeGap {
  uint64_t start = 0;  // 0: unknown
};

FdeLookup find_fde(uint64_t pc, Fde* fde, FdeGap* gap = nullptr);

// The same with the table given: hdr is the .eh_frame_hdr, and nothing outside [low, high) is read.
FdeLookup find_fde_in(const uint8_t* hdr, const uint8_t* low, const uint8_t* high, uint64_t pc,
                      Fde* fde, FdeGap* gap = nullptr);

enum class CfaFrom : uint8_t {
  kRegister,     // cfa_register + cfa_offset
  kBpWord,       // the word at rbp + cfa_offset (stack realigned by the prologue)
  kPlt,          // a lazy PLT entry: rsp + 8, and 8 more from byte cfa_offset of the entry on
  kUnsupported,  // any other expression
};

enum class SavedAt : uint8_t {
  kSame,         // not changed by the callee
  kCfa,          // in the word at CFA + offset
  kBp,           // in the word at rbp + offset
  kUndefined,    // lost (for the return address: this is the outermost frame)
  kUnsupported,  // an expression this reader does not know
};

struct SavedRegister {
  SavedAt at = SavedAt::kSame;
  int64_t offset = 0;
};

// DWARF numbers of the registers that matter here.
inline constexpr uint64_t kDwarfBx = 3, kDwarfBp = 6, kDwarfSp = 7, kDwarfReturn = 16;

struct UnwindRow {
  CfaFrom cfa_from = CfaFrom::kUnsupported;
  uint64_t cfa_register = 0;
  int64_t cfa_offset = 0;
  SavedRegister bp, bx, return_address;
};

// The row that holds at pc, which lies in [fde.start, fde.end). False: not understood.
bool row_at(const Fde& fde, uint64_t pc, UnwindRow* row);

}  // namespace track::core
