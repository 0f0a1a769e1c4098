#include "libtrack/core/eh_frame.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <random>
#include <vector>

namespace {

using namespace track::core;

int some_function(int n) {
  return n + 1;
}

uint64_t code_address() {
  return reinterpret_cast<uint64_t>(&some_function);
}

// A copy of this program's own tables, between pages that must not be touched.
class Tables {
 public:
  Tables() {
    dl_find_object object;
    REQUIRE(_dl_find_object(reinterpret_cast<void*>(code_address()), &object) == 0);
    original_ = static_cast<const uint8_t*>(object.dlfo_eh_frame);
    dl_iterate_phdr([](dl_phdr_info* info, size_t,
                       void* self) { return static_cast<Tables*>(self)->measure(*info); },
                    this);
    REQUIRE(size_ > 1000);
    constexpr size_t kPage = 4096;
    const size_t pages = (size_ + kPage - 1) / kPage * kPage;
    auto* const memory = static_cast<uint8_t*>(
        mmap(nullptr, pages + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory + kPage, pages, PROT_READ | PROT_WRITE);
    // The end is the more likely one to be overrun.
    hdr = memory + kPage + pages - size_ / 8 * 8 - (size_ % 8 ? 8 : 0);
    end = hdr + size_;
    memcpy(hdr, original_, size_);
    mapping_ = memory;
    mapping_size_ = pages + 2 * kPage;
  }
  ~Tables() { munmap(mapping_, mapping_size_); }
  Tables(const Tables&) = delete;

  // Everything in the tables is relative to where they are.
  uint64_t moved(uint64_t pc) const {
    return pc + reinterpret_cast<uint64_t>(hdr) - reinterpret_cast<uint64_t>(original_);
  }
  FdeLookup find(uint64_t pc, Fde* fde) const { return find_fde_in(hdr, hdr, end, pc, fde); }
  size_t size() const { return size_; }

  uint8_t* hdr;
  uint8_t* end;

 private:
  int measure(const dl_phdr_info& info) {
    for (int i = 0; i < info.dlpi_phnum; ++i) {
      const auto& header = info.dlpi_phdr[i];
      if (header.p_type != PT_LOAD) continue;
      const auto* const low = reinterpret_cast<const uint8_t*>(info.dlpi_addr + header.p_vaddr);
      if (original_ < low || original_ >= low + header.p_filesz) continue;
      size_ = static_cast<size_t>(low + header.p_filesz - original_);
      return 1;
    }
    return 0;
  }

  const uint8_t* original_;
  size_t size_ = 0;
  void* mapping_;
  size_t mapping_size_;
};

TEST_CASE("a function's first instruction has its return address on top of the stack") {
  Fde fde;
  REQUIRE(find_fde(code_address(), &fde) == FdeLookup::kFound);
  CHECK(fde.start == code_address());
  UnwindRow row;
  REQUIRE(row_at(fde, fde.start, &row));
  CHECK(row.cfa_from == CfaFrom::kRegister);
  CHECK(row.cfa_register == kDwarfSp);
  CHECK(row.cfa_offset == 8);
  CHECK(row.return_address.at == SavedAt::kCfa);
  CHECK(row.return_address.offset == -8);
  CHECK(row.bp.at == SavedAt::kSame);
}

TEST_CASE("addresses outside any module, and of no address at all, are absent") {
  Fde fde;
  int local = 0;
  CHECK(find_fde(0, &fde) == FdeLookup::kAbsent);
  CHECK(find_fde(UINT64_MAX, &fde) == FdeLookup::kAbsent);
  CHECK(find_fde(reinterpret_cast<uint64_t>(&local), &fde) == FdeLookup::kAbsent);
}

TEST_CASE("copied tables say the same as the original") {
  const Tables tables;
  Fde fde;
  const uint64_t pc = tables.moved(code_address());
  REQUIRE(tables.find(pc, &fde) == FdeLookup::kFound);
  CHECK(fde.start == pc);
}

TEST_CASE("a table without entries to search is absent, an unknown encoding unreadable") {
  Tables tables;
  Fde fde;
  const uint64_t pc = tables.moved(code_address());
  tables.hdr[3] = 0xff;
  CHECK(tables.find(pc, &fde) == FdeLookup::kAbsent);
  tables.hdr[3] = 0x3c;
  CHECK(tables.find(pc, &fde) == FdeLookup::kUnreadable);
  tables.hdr[3] = 0x3b;
  tables.hdr[0] = 2;
  CHECK(tables.find(pc, &fde) == FdeLookup::kUnreadable);
}

TEST_CASE("a 64-bit DWARF entry is unreadable") {
  Tables tables;
  Fde fde;
  const uint64_t pc = tables.moved(code_address());
  REQUIRE(tables.find(pc, &fde) == FdeLookup::kFound);
  // Length, CIE distance, start and size of four bytes each, and no augmentation data.
  uint8_t* const at = const_cast<uint8_t*>(fde.program) - 17;
  uint32_t length = 0;
  memcpy(&length, at, 4);
  REQUIRE(at + 4 + length == fde.program_end);
  memset(at, 0xff, 4);
  CHECK(tables.find(pc, &fde) == FdeLookup::kUnreadable);
}

TEST_CASE("damaged tables are never read past their ends") {
  Tables tables;
  std::mt19937 random(1);
  unsigned found = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::pair<uint8_t*, uint8_t>> undo;
    const auto damage = [&](uint8_t* at) {
      undo.emplace_back(at, *at);
      *at = static_cast<uint8_t>(random());
    };
    Fde fde;
    const uint64_t pc = tables.moved(code_address() + random() % 4096);
    if (tables.find(pc, &fde) == FdeLookup::kFound) {
      // Where it hurts: in the entry and its CIE, else anywhere.
      auto* const fde_bytes = const_cast<uint8_t*>(fde.program) - 20;
      auto* const cie_bytes = const_cast<uint8_t*>(fde.cie_program) - 16;
      for (unsigned i = random() % 4; i > 0; --i) damage(fde_bytes + random() % 40);
      for (unsigned i = random() % 2; i > 0; --i) damage(cie_bytes + random() % 24);
    }
    for (unsigned i = random() % 3; i > 0; --i) damage(tables.hdr + random() % tables.size());
    UnwindRow row;
    if (tables.find(pc, &fde) == FdeLookup::kFound) {
      ++found;
      row_at(fde, pc, &row);
    }
    for (auto step = undo.rbegin(); step != undo.rend(); ++step) *step->first = step->second;
  }
  CHECK(found > 1000);
}

}  // namespace
