#include "libtrack/control/binding.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <atomic>

#include "libtrack/capture/next_symbols.h"
#include "libtrack/control/elf_module.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/interpose/loader.h"

namespace track::control {
namespace {

// One of the names we take over.
struct Name {
  const char* name;
  const char* version;    // null: good for a reference to any
  uint64_t ours, theirs;  // definitions
  uint32_t hash;
  uint32_t next;  // in its bucket, index + 1
};
constexpr uint32_t kMostNames = 512, kBuckets = 512;
struct Names {
  Name entries[kMostNames];
  uint32_t count;
  uint32_t buckets[kBuckets];  // index + 1
};
Names* names;

struct Turned {
  uint64_t at, before;
};
struct TurnedBlock {
  TurnedBlock* next;
  uint32_t count;
  Turned entries[4000];
};
TurnedBlock* turned_first;
TurnedBlock* turned;  // the one being filled
uint64_t turned_count;

ElfModule own, program;
uint64_t loader_base;
std::atomic<uint64_t> modules_bound{0};  // dlpi_adds when all modules were looked at last
std::atomic<bool> bound_now{false};

void add_name(const char* name, const char* version, uint64_t ours, const void* theirs) {
  if (theirs == nullptr || names->count == kMostNames) return;
  const uint32_t hash = capture::gnu_hash(name);
  Name& entry = names->entries[names->count++];
  entry = {name, version,
           ours, reinterpret_cast<uint64_t>(theirs),
           hash, names->buckets[hash % kBuckets]};
  names->buckets[hash % kBuckets] = names->count;
}

bool is_the_programs(const void* definition) {
  dl_find_object found;
  return _dl_find_object(const_cast<void*>(definition), &found) != 0 ||
         found.dlfo_link_map->l_prev == nullptr;
}

void read_own_names() {
  own.each_definition([&](uint32_t i) {
    const ElfW(Sym)& symbol = own.symbols[i];
    const char* name = own.strings + symbol.st_name;
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
        core::starts_with(name, "track_") || core::equal(name, "__libc_start_main"))
      return;
    const char* version = own.version_of(i);
    const void* theirs = capture::next_symbol(name, version);
    // What stands in the program itself comes before any library, preloaded or not.
    if (theirs == nullptr || is_the_programs(theirs)) return;
    add_name(name, version, own.base + symbol.st_value, theirs);
  });
  // Who opens a library calls this next.
  if (void* (*theirs)(void*, const char*) = interpose::real_dlsym())
    add_name("dlsym", nullptr, reinterpret_cast<uint64_t>(interpose::bound_dlsym()),
             reinterpret_cast<const void*>(theirs));
}

int find_program(dl_phdr_info* info, size_t, void*) {  // it comes first
  program.read(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum);
  return 1;
}

int find_own(dl_phdr_info* info, size_t, void*) {
  return own.read(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum) &&
         own.contains(reinterpret_cast<uint64_t>(&find_own));
}

const Name* our_name(const ElfModule& module, uint32_t symbol) {
  const char* name = module.strings + module.symbols[symbol].st_name;
  const uint32_t hash = capture::gnu_hash(name);
  for (uint32_t i = names->buckets[hash % kBuckets]; i != 0; i = names->entries[i - 1].next) {
    const Name& entry = names->entries[i - 1];
    if (entry.hash != hash || !core::equal(entry.name, name)) continue;
    if (entry.version == nullptr) return &entry;
    const char* version = module.version_of(symbol);
    if (version != nullptr && core::equal(entry.version, version)) return &entry;
  }
  return nullptr;
}

bool remember(uint64_t at, uint64_t before) {
  if (turned == nullptr || turned->count == sizeof turned->entries / sizeof turned->entries[0]) {
    TurnedBlock* next = turned != nullptr ? turned->next : nullptr;
    if (next == nullptr) {
      next = static_cast<TurnedBlock*>(core::allocate(sizeof(TurnedBlock)));
      if (next == nullptr) return false;
      (turned != nullptr ? turned->next : turned_first) = next;
    }
    turned = next;
  }
  turned->entries[turned->count++] = {at, before};
  ++turned_count;
  return true;
}

// Makes words of one module writable, and what was sealed sealed again.
class Writer {
 public:
  explicit Writer(const ElfModule& module) : module_(module) {}
  ~Writer() {
    if (opened_) protect(PROT_READ);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool write(uint64_t at, uint64_t value) {
    if (at % 8 != 0 || !module_.contains(at)) return false;
    if (module_.sealed(at)) {
      if (!opened_ && !protect(PROT_READ | PROT_WRITE)) return false;
      opened_ = true;
    } else if (at >> 12 != good_page_) {
      // Fails where a store would be a fault.
      if (!core::populate(reinterpret_cast<const void*>(at & ~uint64_t{4095}), 4096)) return false;
      good_page_ = at >> 12;
    }
    reinterpret_cast<std::atomic<uint64_t>*>(at)->store(value, std::memory_order_release);
    return true;
  }

 private:
  bool protect(int protection) const {
    return sys::call(SYS_mprotect, static_cast<long>(module_.sealed_start),
                     static_cast<long>(module_.sealed_end - module_.sealed_start), protection) == 0;
  }
  const ElfModule& module_;
  bool opened_ = false;
  uint64_t good_page_ = 0;
};

uint64_t value_at(uint64_t at) {
  return reinterpret_cast<const std::atomic<uint64_t>*>(at)->load(std::memory_order_relaxed);
}

// Calls use(place, symbol, is_jump) for every word that holds the address of a symbol alone.
template <class Use>
void each_reference(const ElfModule& module, Use use) {
  for (const ElfModule::Table* table : {&module.jumps, &module.relocations})
    for (uint64_t i = 0; i < table->count; ++i) {
      const ElfW(Rela)& r = table->at[i];
      const auto type = static_cast<uint32_t>(ELF64_R_TYPE(r.r_info));
      const auto symbol = static_cast<uint32_t>(ELF64_R_SYM(r.r_info));
      if (symbol == 0 || (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT &&
                          (type != R_X86_64_64 || r.r_addend != 0)))
        continue;
      use(module.base + r.r_offset, symbol, type == R_X86_64_JUMP_SLOT);
    }
}

// Of a program at a fixed address that takes a function's address, the name's entry in its own jump
// table stands for it everywhere: it leads where the program's own reference does.
bool through_the_program(uint64_t value, const Name& name) {
  if (!program.contains(value)) return false;
  for (uint64_t i = 0; i < program.jumps.count; ++i) {
    const auto symbol = static_cast<uint32_t>(ELF64_R_SYM(program.jumps.at[i].r_info));
    const ElfW(Sym)& entry = program.symbols[symbol];
    if (entry.st_shndx == SHN_UNDEF && program.base + entry.st_value == value &&
        core::equal(program.strings + entry.st_name, name.name))
      return true;
  }
  return false;
}

void note_left(Bound& bound, const char* name) {
  const size_t used = core::length(bound.left_names);
  core::Text text(bound.left_names + used, sizeof bound.left_names - used);
  text.add(used != 0 ? ", " : "").add(name);
}

void bind(const ElfModule& module, Bound& bound) {
  Writer writer(module);
  each_reference(module, [&](uint64_t at, uint32_t symbol, bool jump) {
    const Name* name = our_name(module, symbol);
    if (name == nullptr) return;
    const uint64_t now = value_at(at);
    if (now == name->ours) return;
    // Not looked up so far: it leads back into the module, to the code that will do so.
    const ElfW(Sym)& own_symbol = module.symbols[symbol];
    const bool lazy =
        jump && module.contains(now) &&
        (own_symbol.st_shndx == SHN_UNDEF || now != module.base + own_symbol.st_value);
    if ((now == name->theirs || lazy) && remember(at, now)) {
      if (writer.write(at, name->ours)) {
        ++bound.references;
        return;
      }
      --turned->count;
      --turned_count;
    }
    if (through_the_program(now, *name)) return;
    ++bound.left_alone;
    note_left(bound, name->name);
  });
}

// The entry of a word that we turned; they are asked for in nearly the order of turning.
class Memory {
 public:
  const Turned* find(uint64_t at) {
    for (uint64_t tried = 0; tried < turned_count; ++tried) {
      if (block_ == nullptr || index_ == block_->count) {
        const bool over = block_ == nullptr || block_->next == nullptr || block_->next->count == 0;
        block_ = over ? turned_first : block_->next;
        index_ = 0;
      }
      const Turned& entry = block_->entries[index_++];
      if (entry.at == at) return &entry;
    }
    return nullptr;
  }

 private:
  TurnedBlock* block_ = nullptr;
  uint32_t index_ = 0;
};

void unbind(const ElfModule& module, Memory& memory, Bound& bound) {
  Writer writer(module);
  each_reference(module, [&](uint64_t at, uint32_t, bool) {
    if (!own.contains(value_at(at))) return;
    const Turned* entry = memory.find(at);
    if (entry != nullptr && writer.write(at, entry->before))
      ++bound.references;
    else
      ++bound.left_alone;
  });
}

struct Pass {
  Bound* bound;
  Memory* memory;  // null: bind
  uint64_t adds = 0;
};

int do_module(dl_phdr_info* info, size_t, void* data) {
  auto* pass = static_cast<Pass*>(data);
  pass->adds = info->dlpi_adds;
  ElfModule module;
  if (!module.read(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum) ||
      info->dlpi_addr == own.base || info->dlpi_addr == loader_base)
    return 0;
  ++pass->bound->modules;
  if (pass->memory != nullptr)
    unbind(module, *pass->memory, *pass->bound);
  else
    bind(module, *pass->bound);
  return 0;
}

bool ready() {
  if (names != nullptr) return true;
  loader_base = getauxval(AT_BASE);
  names = static_cast<Names*>(core::allocate(sizeof(Names)));
  if (names == nullptr || dl_iterate_phdr(find_own, nullptr) != 1) return false;
  dl_iterate_phdr(find_program, nullptr);
  read_own_names();  // asks the loader, whose lock must not be held: not inside the walk
  return true;
}

int read_adds(dl_phdr_info* info, size_t, void* adds) {
  *static_cast<uint64_t*>(adds) = info->dlpi_adds;
  return 1;
}

std::atomic<int> binding{0};

// Modules that came since. A thread that comes while another binds goes on: the other sees them.
void bind_new_modules() {
  if (!bound_now.load(std::memory_order_acquire)) return;
  uint64_t adds = 0;
  dl_iterate_phdr(read_adds, &adds);
  if (adds == modules_bound.load(std::memory_order_relaxed) || binding.exchange(1) != 0) return;
  Bound bound;
  Pass pass{&bound, nullptr};
  dl_iterate_phdr(do_module, &pass);
  modules_bound.store(pass.adds, std::memory_order_relaxed);
  binding.store(0);
}

}  // namespace

Bound bind_references() {
  Bound bound;
  if (!ready()) return bound;
  interpose::after_dlopen.store(&bind_new_modules, std::memory_order_release);
  Pass pass{&bound, nullptr};
  dl_iterate_phdr(do_module, &pass);
  // A word that was being looked up meanwhile has its old meaning again.
  Bound again;
  pass.bound = &again;
  dl_iterate_phdr(do_module, &pass);
  bound.references += again.references;
  modules_bound.store(pass.adds, std::memory_order_relaxed);
  bound_now.store(true, std::memory_order_release);
  return bound;
}

Bound unbind_references() {
  Bound bound;
  if (names == nullptr) return bound;
  bound_now.store(false, std::memory_order_release);
  interpose::after_dlopen.store(nullptr, std::memory_order_release);
  while (binding.exchange(1) != 0) sys::call(SYS_sched_yield);
  Memory memory;
  Pass pass{&bound, &memory};
  dl_iterate_phdr(do_module, &pass);
  for (TurnedBlock* block = turned_first; block != nullptr; block = block->next) block->count = 0;
  turned = turned_first;
  turned_count = 0;
  binding.store(0);
  return bound;
}

}  // namespace track::control
