#include "libtrack/core/eh_frame.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "libtrack/core/eh_frame_reader.h"

namespace track::core {
namespace {

constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kTableEncoding = 0x3b;  // datarel | sdata4: all that GNU ld, gold, lld, mold emit

struct TableEntry {
  int32_t start;  // both relative to the .eh_frame_hdr itself
  int32_t fde;
};

bool read_cie(EhFrameReader r, const uint8_t* high, Fde* fde, bool* has_augmentation_data) {
  const uint32_t length = r.fixed<uint32_t>();
  if (length == 0xffffffff || length > static_cast<uint64_t>(high - r.at())) return false;
  r = EhFrameReader(r.at(), r.at() + length);
  if (r.fixed<uint32_t>() != 0) return false;  // not a CIE
  const uint8_t version = r.fixed<uint8_t>();
  if (version != 1 && version != 3 && version != 4) return false;
  char augmentation[8] = {};
  for (char& c : augmentation) {
    c = r.fixed<char>();
    if (c == 0) break;
  }
  if (augmentation[7] != 0) return false;
  if (version == 4) r.skip(2);  // address and segment size
  fde->code_align = r.uleb();
  fde->data_align = r.sleb();
  if ((version == 1 ? r.fixed<uint8_t>() : r.uleb()) != kDwarfReturn) return false;
  *has_augmentation_data = augmentation[0] == 'z';
  if (*has_augmentation_data) {
    const uint64_t size = r.uleb();
    EhFrameReader data = r;
    r.skip(size);
    for (const char* c = augmentation + 1; *c; ++c) {
      switch (*c) {
        case 'R':
          fde->pointer_encoding = data.fixed<uint8_t>();
          break;
        case 'L':
          data.skip(1);
          break;
        case 'P':
          data.pointer(data.fixed<uint8_t>() & 0x0f);
          break;
        case 'S':
          fde->signal_frame = true;
          break;
        default:
          return false;
      }
    }
    if (!data.ok()) return false;
  } else if (augmentation[0] != 0) {
    return false;
  }
  fde->cie_program = r.at();
  fde->cie_program_end = r.end();
  return r.ok();
}

bool read_fde(const uint8_t* at, const uint8_t* low, const uint8_t* high, Fde* fde) {
  if (at < low || at >= high) return false;
  EhFrameReader r(at, high);
  const uint32_t length = r.fixed<uint32_t>();
  if (length == 0 || length == 0xffffffff) return false;
  if (!r.ok() || length > static_cast<uint64_t>(high - r.at())) return false;
  r = EhFrameReader(r.at(), r.at() + length);
  const uint8_t* const cie_field = r.at();
  const uint32_t cie_distance = r.fixed<uint32_t>();
  if (cie_distance == 0 || cie_distance > static_cast<uint64_t>(cie_field - low)) return false;
  bool has_augmentation_data = false;
  if (!read_cie(EhFrameReader(cie_field - cie_distance, high), high, fde, &has_augmentation_data)) {
    return false;
  }
  fde->start = r.pointer(fde->pointer_encoding);
  fde->end = fde->start + r.pointer(fde->pointer_encoding & 0x0f);
  if (has_augmentation_data) r.skip(r.uleb());
  fde->program = r.at();
  fde->program_end = r.end();
  return r.ok();
}

// The CFA as an expression: the two shapes compilers and linkers emit are recognised by their
// bytes.
void set_cfa_expression(UnwindRow* row, const uint8_t* begin, const uint8_t* end) {
  constexpr uint8_t kBreg6 = 0x76, kDeref = 0x06, kLit0 = 0x30;
  row->cfa_from = CfaFrom::kUnsupported;
  if (end - begin < 3) return;
  if (begin[0] == kBreg6) {
    EhFrameReader r(begin + 1, end);
    const int64_t offset = r.sleb();
    if (r.fixed<uint8_t>() != kDeref || !r.ok() || r.more()) return;
    row->cfa_from = CfaFrom::kBpWord;
    row->cfa_offset = offset;
    return;
  }
  // rsp + 8 + (((rip & 15) >= N) << 3), with N in the byte left out here.
  constexpr uint8_t kPlt[] = {0x77, 8, 0x80, 0, 0x3f, 0x1a, 0, 0x2a, 0x33, 0x24, 0x22};
  if (end - begin != sizeof(kPlt) || begin[6] < kLit0 || begin[6] > kLit0 + 15) return;
  if (memcmp(begin, kPlt, 6) != 0 || memcmp(begin + 7, kPlt + 7, sizeof(kPlt) - 7) != 0) return;
  row->cfa_from = CfaFrom::kPlt;
  row->cfa_offset = begin[6] - kLit0;
}

SavedRegister saved_by_expression(const uint8_t* begin, const uint8_t* end) {
  constexpr uint8_t kBreg6 = 0x76;
  EhFrameReader r(begin, end);
  if (r.fixed<uint8_t>() != kBreg6) return {SavedAt::kUnsupported, 0};
  const int64_t offset = r.sleb();
  if (!r.ok() || r.more()) return {SavedAt::kUnsupported, 0};
  return {SavedAt::kBp, offset};
}

// Interprets one CFA program up to the row that holds at pc.
class CfaProgram {
 public:
  CfaProgram(const Fde& fde, const UnwindRow& initial, UnwindRow* row)
      : fde_(fde), initial_(initial), row_(row) {}

  bool run(EhFrameReader r, uint64_t pc) {
    uint64_t location = fde_.start;
    while (r.more()) {
      const uint8_t op = r.fixed<uint8_t>();
      const uint8_t low_bits = op & 0x3f;
      uint64_t advance = 0;
      switch (op >> 6) {
        case 1:
          advance = low_bits;
          break;
        case 2:
          save(low_bits, at_cfa(static_cast<int64_t>(r.uleb())));
          continue;
        case 3:
          restore(low_bits);
          continue;
        default:
          if (op == 0x01) {  // set_loc
            const uint64_t next = r.pointer(fde_.pointer_encoding);
            if (next > pc) return r.ok();
            location = next;
            continue;
          }
          if (op == 0x02) {
            advance = r.fixed<uint8_t>();
          } else if (op == 0x03) {
            advance = r.fixed<uint16_t>();
          } else if (op == 0x04) {
            advance = r.fixed<uint32_t>();
          } else if (!step(op, &r)) {
            return false;
          } else {
            continue;
          }
      }
      location += advance * fde_.code_align;
      if (location > pc) return r.ok();
    }
    return r.ok();
  }

 private:
  SavedRegister at_cfa(int64_t factored) const {
    return {SavedAt::kCfa, static_cast<int64_t>(static_cast<uint64_t>(factored) *
                                                static_cast<uint64_t>(fde_.data_align))};
  }

  static SavedRegister* slot(UnwindRow* row, uint64_t reg) {
    if (reg == kDwarfBp) return &row->bp;
    if (reg == kDwarfReturn) return &row->return_address;
    if (reg == kDwarfBx) return &row->bx;
    return nullptr;
  }

  void save(uint64_t reg, SavedRegister rule) {
    if (SavedRegister* s = slot(row_, reg)) *s = rule;
  }

  void restore(uint64_t reg) {
    UnwindRow initial = initial_;
    if (SavedRegister* s = slot(&initial, reg)) save(reg, *s);
  }

  void set_cfa(uint64_t reg, int64_t offset) {
    row_->cfa_from = CfaFrom::kRegister;
    row_->cfa_register = reg;
    row_->cfa_offset = offset;
  }

  bool step(uint8_t op, EhFrameReader* r) {
    uint64_t reg = 0;
    switch (op) {
      case 0x00:
        return true;  // nop
      case 0x05:      // offset_extended
        reg = r->uleb();
        save(reg, at_cfa(static_cast<int64_t>(r->uleb())));
        return true;
      case 0x06:
        restore(r->uleb());
        return true;  // restore_extended
      case 0x07:
        save(r->uleb(), {SavedAt::kUndefined, 0});
        return true;
      case 0x08:
        save(r->uleb(), {SavedAt::kSame, 0});
        return true;
      case 0x09:  // register
        reg = r->uleb();
        r->uleb();
        save(reg, {SavedAt::kUnsupported, 0});
        return true;
      case 0x0a:  // remember_state
        if (depth_ == kMaxDepth) return false;
        saved_[depth_++] = *row_;
        return true;
      case 0x0b:  // restore_state
        if (depth_ == 0) return false;
        *row_ = saved_[--depth_];
        return true;
      case 0x0c:  // def_cfa
        reg = r->uleb();
        set_cfa(reg, static_cast<int64_t>(r->uleb()));
        return true;
      case 0x0d:
        set_cfa(r->uleb(), row_->cfa_offset);
        return true;
      case 0x0e:
        row_->cfa_offset = static_cast<int64_t>(r->uleb());
        return true;
      case 0x0f: {  // def_cfa_expression
        const uint8_t* const end = block_end(r);
        set_cfa_expression(row_, r->at(), end);
        r->skip(static_cast<uint64_t>(end - r->at()));
        return true;
      }
      case 0x10: {  // expression
        reg = r->uleb();
        const uint8_t* const end = block_end(r);
        save(reg, saved_by_expression(r->at(), end));
        r->skip(static_cast<uint64_t>(end - r->at()));
        return true;
      }
      case 0x11:  // offset_extended_sf
        reg = r->uleb();
        save(reg, at_cfa(r->sleb()));
        return true;
      case 0x12:  // def_cfa_sf
        reg = r->uleb();
        set_cfa(reg, at_cfa(r->sleb()).offset);
        return true;
      case 0x13:
        row_->cfa_offset = at_cfa(r->sleb()).offset;
        return true;
      case 0x14:  // val_offset
      case 0x15:  // val_offset_sf
        reg = r->uleb();
        r->uleb();
        save(reg, {SavedAt::kUnsupported, 0});
        return true;
      case 0x16:  // val_expression
        reg = r->uleb();
        r->skip(r->uleb());
        save(reg, {SavedAt::kUnsupported, 0});
        return true;
      case 0x2e:
        r->uleb();
        return true;  // GNU_args_size
      default:
        return false;
    }
  }

  static const uint8_t* block_end(EhFrameReader* r) {
    const uint64_t size = r->uleb();
    if (size > static_cast<uint64_t>(r->end() - r->at())) r->fail();
    return r->ok() ? r->at() + size : r->at();
  }

  static constexpr unsigned kMaxDepth = 8;  // compilers nest remember_state once or twice

  const Fde& fde_;
  const UnwindRow& initial_;
  UnwindRow* row_;
  UnwindRow saved_[kMaxDepth];
  unsigned depth_ = 0;
};

}  // namespace

FdeLookup find_fde_in(const uint8_t* hdr, const uint8_t* low, const uint8_t* high, uint64_t pc,
                      Fde* fde, FdeGap* gap) {
  if (hdr < low || hdr >= high) return FdeLookup::kUnreadable;
  EhFrameReader r(hdr, high);
  const uint8_t version = r.fixed<uint8_t>();
  const uint8_t frame_encoding = r.fixed<uint8_t>();
  const uint8_t count_encoding = r.fixed<uint8_t>();
  const uint8_t table_encoding = r.fixed<uint8_t>();
  if (version != 1) return FdeLookup::kUnreadable;
  if (table_encoding == kOmitted || count_encoding == kOmitted) return FdeLookup::kAbsent;
  if (table_encoding != kTableEncoding) return FdeLookup::kUnreadable;
  const uint64_t base = reinterpret_cast<uint64_t>(hdr);
  if (frame_encoding != kOmitted) r.pointer(frame_encoding, base);
  const uint64_t count = r.pointer(count_encoding, base);
  if (!r.ok() || count > static_cast<uint64_t>(high - r.at()) / sizeof(TableEntry)) {
    return FdeLookup::kUnreadable;
  }
  const uint8_t* const table = r.at();
  const auto entry = [table](uint64_t i) {
    TableEntry e;
    memcpy(&e, table + i * sizeof(TableEntry), sizeof(e));
    return e;
  };
  const int64_t wanted = static_cast<int64_t>(pc - base);
  if (count == 0 || wanted < entry(0).start) return FdeLookup::kAbsent;
  uint64_t found = 0;
  for (uint64_t left = count; left > 1;) {
    const uint64_t half = left / 2;
    if (entry(found + half).start <= wanted) found += half;
    left -= half;
  }
  *fde = Fde{};
  if (!read_fde(hdr + entry(found).fde, low, high, fde)) return FdeLookup::kUnreadable;
  if (pc - fde->start < fde->end - fde->start) return FdeLookup::kFound;
  if (gap) gap->start = fde->end;
  return FdeLookup::kAbsent;
}

FdeLookup find_fde(uint64_t pc, Fde* fde, FdeGap* gap) {
  dl_find_object object;
  if (_dl_find_object(reinterpret_cast<void*>(pc), &object) != 0) return FdeLookup::kAbsent;
  if (object.dlfo_eh_frame == nullptr) return FdeLookup::kAbsent;
  return find_fde_in(static_cast<const uint8_t*>(object.dlfo_eh_frame),
                     static_cast<const uint8_t*>(object.dlfo_map_start),
                     static_cast<const uint8_t*>(object.dlfo_map_end), pc, fde, gap);
}

bool row_at(const Fde& fde, uint64_t pc, UnwindRow* row) {
  *row = UnwindRow{};
  const UnwindRow nothing{};
  const EhFrameReader common(fde.cie_program, fde.cie_program_end);
  if (!CfaProgram(fde, nothing, row).run(common, UINT64_MAX)) return false;
  const UnwindRow initial = *row;
  return CfaProgram(fde, initial, row).run(EhFrameReader(fde.program, fde.program_end), pc);
}

}  // namespace track::core
