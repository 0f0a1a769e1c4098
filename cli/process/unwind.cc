#include "cli/process/unwind.h"

#include <libunwind.h>

#include <cstring>
#include <unordered_map>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/frame_pointer.h"
#include "cli/process/loaded_elf.h"

// Exported by libunwind for tracers that keep tables of their own; no header declares it.
extern "C" int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t*,
                                                  unw_proc_info_t*, int, void*);

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kStackAtOnce = 8 * kPage;
constexpr size_t kDeepest = 512;
constexpr size_t kMostPages = 16 << 10;  // 64 MiB of tables

// Pages fetched once: those that cannot change for good, the rest for one walk.
class Pages {
 public:
  explicit Pages(const ProcessImage& image) : image_(image) {}

  bool word(uint64_t address, uint64_t& value) {
    const uint64_t page = address & ~(kPage - 1);
    const uint64_t offset = address - page;
    if (offset > kPage - sizeof value) return image_.read(address, &value, sizeof value);
    const Page* found = find(page);
    if (found == nullptr || found->bytes.size() < offset + sizeof value) return false;
    std::memcpy(&value, found->bytes.data() + offset, sizeof value);
    return true;
  }

  // A new walk: what is written to is read again, the stack from `stack_pointer` on in one piece.
  void begin(uint64_t stack_pointer) {
    changing_.clear();
    last_ = nullptr;
    if (fixed_.size() > kMostPages) fixed_.clear();
    const uint64_t start = stack_pointer & ~(kPage - 1);
    std::vector<std::byte> bytes(kStackAtOnce);
    bytes.resize(image_.read_some(start, bytes.data(), bytes.size()));
    for (uint64_t at = 0; at + kPage <= bytes.size(); at += kPage)
      changing_[start + at].bytes.assign(bytes.begin() + static_cast<ptrdiff_t>(at),
                                         bytes.begin() + static_cast<ptrdiff_t>(at + kPage));
  }

 private:
  struct Page {
    std::vector<std::byte> bytes;
  };

  const Page* find(uint64_t page) {
    if (last_ != nullptr && last_page_ == page) return last_;
    for (auto* pages : {&changing_, &fixed_})
      if (const auto known = pages->find(page); known != pages->end())
        return remember(page, known->second);
    const Mapping* mapping = image_.mapping_of(page);
    auto& pages = mapping == nullptr || mapping->writable ? changing_ : fixed_;
    Page& fresh = pages[page];
    fresh.bytes.resize(kPage);
    fresh.bytes.resize(image_.read_some(page, fresh.bytes.data(), kPage));
    return remember(page, fresh);
  }

  const Page* remember(uint64_t page, const Page& found) {
    last_page_ = page;
    last_ = &found;  // nodes of an unordered_map stay where they are
    return &found;
  }

  const ProcessImage& image_;
  std::unordered_map<uint64_t, Page> fixed_, changing_;
  uint64_t last_page_ = 0;
  const Page* last_ = nullptr;
};

// A module's binary search table, as its .eh_frame_hdr describes it.
struct Table {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t header = 0;
  uint64_t entries = 0;  // 8 bytes each
};

constexpr uint8_t kFixedHeader[] = {1, 0x1b, 0x03, 0x3b};  // the one form linkers write
constexpr uint64_t kTableOffset = 12;

Table table_of(const ProcessImage& image, const Module& module) {
  Table table{module.start, module.end, 0, 0};
  // The header lies at the lowest address unless the file is an odd one.
  const auto loaded = loaded_elf(*image.memory, module.start);
  if (!loaded || loaded->eh_frame_hdr == 0) return table;
  uint8_t start[kTableOffset] = {};
  if (!image.read(loaded->eh_frame_hdr, start, sizeof start) ||
      std::memcmp(start, kFixedHeader, sizeof kFixedHeader) != 0)
    return table;
  uint32_t count = 0;
  std::memcpy(&count, start + 8, sizeof count);
  if (count > (loaded->eh_frame_hdr_bytes - kTableOffset) / 8) return table;
  table.header = loaded->eh_frame_hdr;
  table.entries = count;
  return table;
}

}  // namespace

struct Unwinder::State {
  const ProcessImage& image;
  Pages pages;
  std::vector<Table> tables;
  Registers registers;
  unw_addr_space_t space = nullptr;

  explicit State(const ProcessImage& from) : image(from), pages(from) {}

  const Table* table_at(uint64_t address) {
    for (const Table& table : tables)
      if (address >= table.start && address < table.end) return &table;
    const Module* module = image.module_of(address);
    if (module == nullptr) return nullptr;
    tables.push_back(table_of(image, *module));
    return &tables.back();
  }

  bool is_code(uint64_t address) const {
    const Mapping* mapping = image.mapping_of(address);
    return mapping != nullptr && mapping->executable;
  }

  // True: rbp was not known in this frame, and is now.
  bool recover_frame_pointer(unw_cursor_t cursor, uint64_t function, uint64_t stack_pointer) {
    unw_save_loc_t where;
    if (registers.whole || unw_get_save_loc(&cursor, UNW_X86_64_RBP, &where) != 0 ||
        where.type == UNW_SLT_MEMORY)
      return false;
    const FrameSearch search{
        [this](uint64_t address, uint64_t& value) { return pages.word(address, value); },
        [this](uint64_t address) { return is_code(address); }};
    registers[Registers::rbp] = find_frame_pointer(search, function, stack_pointer);
    return registers[Registers::rbp] != 0;
  }

  static State& of(void* argument) { return *static_cast<State*>(argument); }

  static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* info,
                            int need_unwind_info, void* argument) {
    const Table* table = of(argument).table_at(ip);
    if (table == nullptr || table->entries == 0) return -UNW_ENOINFO;
    unw_dyn_info_t where;
    std::memset(&where, 0, sizeof where);
    where.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    where.start_ip = table->start;
    where.end_ip = table->end;
    where.u.rti.segbase = table->header;
    where.u.rti.table_data = table->header + kTableOffset;
    where.u.rti.table_len = table->entries * 8 / sizeof(unw_word_t);
    return _Ux86_64_dwarf_search_unwind_table(space, ip, &where, info, need_unwind_info, argument);
  }
  static void put_unwind_info(unw_addr_space_t, unw_proc_info_t*, void*) {}
  static int no_dynamic_tables(unw_addr_space_t, unw_word_t*, void*) { return -UNW_ENOINFO; }
  static int access_mem(unw_addr_space_t, unw_word_t address, unw_word_t* value, int write,
                        void* argument) {
    uint64_t word = 0;
    if (write != 0 || !of(argument).pages.word(address, word)) return -UNW_EINVAL;
    *value = word;
    return 0;
  }
  static int access_reg(unw_addr_space_t, unw_regnum_t number, unw_word_t* value, int write,
                        void* argument) {
    auto& values = of(argument).registers.values;
    if (number < 0 || static_cast<size_t>(number) >= values.size()) return -UNW_EBADREG;
    if (write != 0)
      values[static_cast<size_t>(number)] = *value;
    else
      *value = values[static_cast<size_t>(number)];
    return 0;
  }
  static int access_fpreg(unw_addr_space_t, unw_regnum_t, unw_fpreg_t*, int, void*) {
    return -UNW_EBADREG;
  }
  static int resume(unw_addr_space_t, unw_cursor_t*, void*) { return -UNW_EINVAL; }
  static int get_proc_name(unw_addr_space_t, unw_word_t, char*, size_t, unw_word_t*, void*) {
    return -UNW_ENOINFO;
  }
};

Unwinder::Unwinder(const ProcessImage& image) : state_(std::make_unique<State>(image)) {
  unw_accessors_t accessors;
  std::memset(&accessors, 0, sizeof accessors);
  accessors.find_proc_info = State::find_proc_info;
  accessors.put_unwind_info = State::put_unwind_info;
  accessors.get_dyn_info_list_addr = State::no_dynamic_tables;
  accessors.access_mem = State::access_mem;
  accessors.access_reg = State::access_reg;
  accessors.access_fpreg = State::access_fpreg;
  accessors.resume = State::resume;
  accessors.get_proc_name = State::get_proc_name;
  state_->space = unw_create_addr_space(&accessors, 0);
  if (state_->space == nullptr) throw Error("no memory for reading stacks");
  unw_set_caching_policy(state_->space, UNW_CACHE_GLOBAL);
}

Unwinder::~Unwinder() {
  unw_destroy_addr_space(state_->space);
}

namespace {

WalkedFrame walked(unw_cursor_t& cursor, uint64_t address, uint64_t function, uint64_t low) {
  constexpr unw_regnum_t kKept[] = {UNW_X86_64_RBX, UNW_X86_64_RBP, UNW_X86_64_R12,
                                    UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15};
  WalkedFrame frame{address, function, low, 0, {}};
  for (size_t i = 0; i < frame.kept.size(); ++i) {
    unw_word_t value = 0;
    if (unw_get_reg(&cursor, kKept[i], &value) == 0) frame.kept[i] = value;
  }
  return frame;
}

}  // namespace

Stack Unwinder::unwind(const Registers& registers, bool interrupted, const FrameVisitor& visit) {
  Stack stack;
  State& state = *state_;
  state.registers = registers;
  state.pages.begin(registers[Registers::rsp]);
  unw_cursor_t cursor;
  if (unw_init_remote(&cursor, state.space, &state) != 0) {
    stack.truncated = true;
    return stack;
  }
  uint64_t last_sp = 0;
  bool exact = interrupted;
  while (stack.addresses.size() < kDeepest) {
    unw_word_t ip = 0, sp = 0;
    if (unw_get_reg(&cursor, UNW_REG_IP, &ip) != 0 || unw_get_reg(&cursor, UNW_REG_SP, &sp) != 0)
      break;
    // The first function's caller is nobody: its return address is 0.
    if (ip == 0) return stack;
    if (!state.is_code(ip) && !stack.addresses.empty()) break;
    if (!stack.addresses.empty() && !exact && sp <= last_sp) break;
    stack.addresses.push_back(exact ? ip + 1 : ip);
    last_sp = sp;
    const bool signal_frame = unw_is_signal_frame(&cursor) > 0;
    unw_proc_info_t info;
    const bool described = unw_get_proc_info(&cursor, &info) == 0;
    WalkedFrame frame;
    if (visit) frame = walked(cursor, stack.addresses.back(), described ? info.start_ip : 0, sp);
    const unw_cursor_t before = cursor;
    int step = unw_step(&cursor);
    if (step < 0 && described && state.recover_frame_pointer(before, info.start_ip, sp)) {
      cursor = before;
      unw_set_reg(&cursor, UNW_X86_64_RBP, state.registers[Registers::rbp]);
      step = unw_step(&cursor);
    }
    if (visit) {
      unw_word_t next = 0;
      if (step > 0 && unw_get_reg(&cursor, UNW_REG_SP, &next) == 0) frame.high = next;
      visit(frame);
    }
    if (step == 0 && described) return stack;
    if (step <= 0) break;
    exact = signal_frame;
  }
  stack.truncated = true;
  return stack;
}

}  // namespace track::process
