#include "libtrack/core/unwind_slow.h"

#include <stdint.h>
#include <string.h>

#include "libtrack/core/eh_frame.h"
#include "libtrack/core/unwind_rules.h"

namespace track::core {
namespace {

struct Frame {
  uint64_t key, sp, bp, bx;
  bool bp_known, bx_known;
};

// The caller's value of one register. False: it is saved where the walk may not look.
TRACK_READS_STACK bool restore(const SavedRegister& rule, const Frame& frame, uint64_t cfa,
                               uint64_t high, uint64_t* value, bool* known) {
  uint64_t address = 0;
  switch (rule.at) {
    case SavedAt::kSame:
      return true;
    case SavedAt::kCfa:
      address = cfa + static_cast<uint64_t>(rule.offset);
      break;
    case SavedAt::kBp:
      if (!frame.bp_known) return *known = false, true;
      address = frame.bp + static_cast<uint64_t>(rule.offset);
      break;
    default:
      return *known = false, true;
  }
  // An epilogue may have popped the word already: it is still there, a little below sp.
  constexpr uint64_t kPopped = 1024;
  if (!is_frame_word(address, frame.sp - kPopped, high) || address >= cfa) return false;
  *value = stack_word(address);
  *known = true;
  return true;
}

bool cfa_of(const UnwindRow& row, const Frame& frame, uint64_t high, uint64_t* cfa) {
  const uint64_t offset = static_cast<uint64_t>(row.cfa_offset);
  switch (row.cfa_from) {
    case CfaFrom::kRegister:
      if (row.cfa_register == kDwarfSp) return *cfa = frame.sp + offset, true;
      if (row.cfa_register == kDwarfBp) return *cfa = frame.bp + offset, frame.bp_known;
      if (row.cfa_register == kDwarfBx) return *cfa = frame.bx + offset, frame.bx_known;
      return false;
    case CfaFrom::kBpWord:
      if (!frame.bp_known || !is_frame_word(frame.bp + offset, frame.sp, high)) return false;
      *cfa = stack_word(frame.bp + offset);
      return *cfa > frame.bp + offset;
    case CfaFrom::kPlt: {
      const uint64_t pc = frame.key - 1;
      return *cfa = frame.sp + 8 + ((pc & 15) >= offset ? 8 : 0), true;
    }
    default:
      return false;
  }
}

// Steps over one frame the tables describe. False: they do not, or not in a way that can be
// followed.
TRACK_READS_STACK bool table_step(const Fde& fde, uint64_t high, Frame* frame, bool* end) {
  UnwindRow row;
  if (!row_at(fde, frame->key - 1, &row)) return false;
  if (row.return_address.at == SavedAt::kUndefined) return *end = true;
  if (row.return_address.at != SavedAt::kCfa || row.return_address.offset != -8) return false;
  uint64_t cfa = 0;
  if (!cfa_of(row, *frame, high, &cfa)) return false;
  if ((cfa & 7) != 0 || !is_next_cfa(cfa, frame->sp, high)) return false;
  Frame caller = *frame;
  if (!restore(row.bp, *frame, cfa, high, &caller.bp, &caller.bp_known)) return false;
  if (!restore(row.bx, *frame, cfa, high, &caller.bx, &caller.bx_known)) return false;
  caller.sp = cfa;
  caller.key = stack_word(cfa - 8);
  *end = caller.key == 0;
  *frame = caller;
  return true;
}

TRACK_READS_STACK bool signal_step(StackBounds* bounds, Frame* frame) {
  if (bounds->high - frame->sp < kSignalSize) return false;
  const uint64_t sp = frame->sp;
  frame->bp = stack_word(sp + kSignalBp);
  frame->bx = stack_word(sp + kSignalBx);
  frame->key = stack_word(sp + kSignalPc);
  frame->sp = stack_word(sp + kSignalSp);
  frame->bp_known = frame->bx_known = true;
  *bounds = bounds_after_signal(*bounds, frame->sp, sp);
  return true;
}

// Whether the bytes before a return address, known to be code, end in a call.
bool follows_call(uint64_t return_address) {
  uint8_t code[8];
  memcpy(code, reinterpret_cast<const void*>(return_address - sizeof(code)), sizeof(code));
  if (code[3] == 0xe8) return true;
  for (unsigned length = 2; length <= 7; ++length) {
    const uint8_t* const call = code + sizeof(code) - length;
    if (call[0] == 0xff && (call[1] & 0x38) == 0x10) return true;
  }
  return false;
}

// Whether uncovered code of a module set rbp up before the call at pc: going back, push and move
// come before any epilogue (that one would end another function, or leave this in doubt).
bool sets_frame_pointer(uint64_t pc, uint64_t gap_start) {
  constexpr uint64_t kReach = 4096;
  constexpr uint8_t kPushMove[][4] = {{0x55, 0x48, 0x89, 0xe5}, {0x55, 0x48, 0x8b, 0xec}};
  constexpr uint8_t kLeave = 0xc9, kPop = 0x5d, kReturn = 0xc3;
  if (pc - gap_start > kReach) gap_start = pc - kReach;
  for (uint64_t at = pc; at >= gap_start + sizeof(kPushMove[0]); --at) {
    uint8_t code[sizeof(kPushMove[0])];
    memcpy(code, reinterpret_cast<const void*>(at - sizeof(code)), sizeof(code));
    if (memcmp(code, kPushMove[0], sizeof(code)) == 0) return true;
    if (memcmp(code, kPushMove[1], sizeof(code)) == 0) return true;
    if (code[3] == kReturn && (code[2] == kLeave || code[2] == kPop)) return false;
  }
  return false;
}

}  // namespace

TRACK_READS_STACK FramePointerStep frame_pointer_step(uint64_t key, const StackBounds& bounds,
                                                      uint64_t* sp, uint64_t* bp,
                                                      uint64_t* return_address) {
  if (!bounds.known || !is_frame_word(*bp, *sp, bounds.high) || bounds.high - *bp < 16) {
    return FramePointerStep::kRefused;
  }
  Fde fde;
  FdeGap gap;
  if (find_fde(key - 1, &fde, &gap) == FdeLookup::kUnreadable) return FramePointerStep::kRefused;
  if (gap.start != 0 && !sets_frame_pointer(key - 1, gap.start)) return FramePointerStep::kRefused;
  const uint64_t outer_bp = stack_word(*bp);
  const uint64_t ra = stack_word(*bp + 8);
  if (ra == 0) return FramePointerStep::kEnd;
  if (find_fde(ra - 1, &fde) == FdeLookup::kFound) {
    if (ra - fde.start < 8 ? ra - fde.start < 2 : !follows_call(ra)) {
      return FramePointerStep::kRefused;
    }
  } else if (outer_bp <= *bp || !is_frame_word(outer_bp, *bp, bounds.high)) {
    return FramePointerStep::kRefused;
  }
  *sp = *bp + 16;
  *bp = outer_bp;
  *return_address = ra;
  return FramePointerStep::kCaller;
}

TRACK_READS_STACK unsigned unwind_slowly(const Registers& regs, uint64_t stack_high, uint64_t* out,
                                         unsigned max, bool* truncated) {
  StackBounds bounds = bounds_of(regs.sp, stack_high);
  Frame frame{regs.pc + 1, regs.sp, regs.bp, regs.bx, true, regs.bx != 0};
  unsigned count = 0;
  *truncated = true;
  for (;;) {
    Fde fde;
    bool end = false, after_signal = false;
    if (frame.sp & 7) return count;
    switch (find_fde(frame.key - 1, &fde)) {
      case FdeLookup::kUnreadable:
        return count;
      case FdeLookup::kFound:
        after_signal = fde.signal_frame;
        if (!(after_signal ? signal_step(&bounds, &frame)
                           : table_step(fde, bounds.high, &frame, &end))) {
          return count;
        }
        break;
      case FdeLookup::kAbsent:
        if (is_laid_end(frame.key)) {
          end = true;
          break;
        }
        if (!frame.bp_known) return count;
        switch (frame_pointer_step(frame.key, bounds, &frame.sp, &frame.bp, &frame.key)) {
          case FramePointerStep::kCaller:
            frame.bx_known = false;
            break;
          case FramePointerStep::kEnd:
            end = true;
            break;
          case FramePointerStep::kRefused:
            return count;
        }
    }
    if (end) break;
    if (count == max) return count;
    out[count++] = frame.key;
    if (after_signal) ++frame.key;
  }
  *truncated = false;
  return count;
}

}  // namespace track::core
