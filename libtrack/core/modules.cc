#include "libtrack/core/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>

#include <atomic>

#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/core/unwind.h"

namespace track::core {
namespace {

using wire::ModuleSlot;
using wire::SectionKind;

std::atomic<int32_t> writing{0};  // one module at a time: the writer's tid

// A stack's modules are noted once, so a busy writer is waited for; but not for ever. One that died
// is succeeded, and so is this thread itself: a handler that interrupts the tracker never comes
// here, so it was left by a jump.
bool begin_writing() {
  const int32_t self = this_thread.tid != 0 ? this_thread.tid : sys::tid();
  for (int attempt = 0; attempt < 1000; ++attempt) {
    int32_t owner = 0;
    if (writing.compare_exchange_strong(owner, self, std::memory_order_acquire)) return true;
    if (owner == self) return true;
    if (attempt % 100 == 99 && sys::call(SYS_tgkill, sys::pid(), owner, 0) == -ESRCH &&
        writing.compare_exchange_strong(owner, self, std::memory_order_acquire))
      return true;
    sys::call(SYS_sched_yield);
  }
  return false;
}

uint64_t slots_used() {
  return entries_used<ModuleSlot>(SectionKind::modules);
}

ModuleSlot* known_module(uint64_t address) {
  const uint64_t used = slots_used();
  for (uint64_t i = 0; i < used; ++i) {
    ModuleSlot& m = recording.modules[i];
    if (address - m.start < m.end - m.start && m.unloaded.load(std::memory_order_relaxed) == 0)
      return &m;
  }
  return nullptr;
}

}  // namespace

uint64_t add_string(const char* s) {
  auto& used = section_used(SectionKind::strings);
  const uint64_t bytes = length(s) + 1, room = place_of(SectionKind::strings).bytes;
  uint64_t at = used.load(std::memory_order_relaxed);
  if (at == 0) at = 1;  // offset 0 stays the empty string
  if (at > room || bytes > room - at || !reserve(recording.strings + at, bytes) ||
      !reserve(recording.strings, 1))
    return 0;
  copy_bytes(recording.strings + at, s, bytes);
  used.store(at + bytes, std::memory_order_release);
  return at;
}

namespace {

struct Image {
  uint64_t base;
  const char* path;
  const ElfW(Phdr) * segments;
  uint32_t segment_count;
  uint64_t inside;  // an address inside the image
};

void read_build_id(const Image& image, const ElfW(Phdr) & note, ModuleSlot& m) {
  const char* p = reinterpret_cast<const char*>(image.base + note.p_vaddr);
  const char* end = p + note.p_memsz;
  while (p + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) header;
    copy_bytes(&header, p, sizeof header);
    const char* name = p + sizeof header;
    const char* body = name + ((header.n_namesz + 3) & ~3u);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && equal(name, "GNU") &&
        header.n_descsz <= sizeof m.build_id && body + header.n_descsz <= end) {
      copy_bytes(m.build_id, body, header.n_descsz);
      m.build_id_bytes = header.n_descsz;
      return;
    }
    p = body + ((header.n_descsz + 3) & ~3u);
  }
}

// All but the path.
void describe(const Image& image, ModuleSlot& m) {
  m.base = image.base;
  m.start = m.executable_start = UINT64_MAX;
  m.end = m.executable_end = 0;
  m.build_id_bytes = 0;
  for (uint32_t i = 0; i < image.segment_count; ++i) {
    const auto& s = image.segments[i];
    const uint64_t low = image.base + s.p_vaddr, high = low + s.p_memsz;
    if (s.p_type == PT_NOTE && m.build_id_bytes == 0) read_build_id(image, s, m);
    if (s.p_type != PT_LOAD) continue;
    if (low < m.start) m.start = low & ~uint64_t{4095};
    if (high > m.end) m.end = (high + 4095) & ~uint64_t{4095};
    if ((s.p_flags & PF_X) == 0) continue;
    if (low < m.executable_start) m.executable_start = low;
    if (high > m.executable_end) m.executable_end = high;
  }
}

// The last module that lay where this one lies, or in a part of it; it is gone.
ModuleSlot* predecessor_of(const ModuleSlot& m) {
  for (uint64_t i = slots_used(); i-- > 0;) {
    ModuleSlot& old = recording.modules[i];
    if (old.start < m.end && m.start < old.end) return &old;
  }
  return nullptr;
}

// The same bytes at the same addresses: without a build-id that is not known.
bool same_code(const ModuleSlot& old, const ModuleSlot& m, const char* path) {
  return old.base == m.base && old.start == m.start && old.end == m.end && m.build_id_bytes != 0 &&
         old.build_id_bytes == m.build_id_bytes &&
         __builtin_memcmp(old.build_id, m.build_id, m.build_id_bytes) == 0 &&
         reserve(recording.strings + old.path, length(path) + 1) &&
         equal(recording.strings + old.path, path);
}

void add_module(const Image& image) {
  if (!begin_writing()) return count(lost().modules);
  if (known_module(image.inside) != nullptr) {  // by somebody else meanwhile
    writing.store(0, std::memory_order_release);
    return;
  }
  auto& used = section_used(SectionKind::modules);
  const uint64_t at = used.load(std::memory_order_relaxed);
  ModuleSlot described{};
  describe(image, described);
  ModuleSlot& m = recording.modules[at];
  ModuleSlot* const old = predecessor_of(described);
  if (old != nullptr && same_code(*old, described, image.path)) {
    old->unloaded.store(0, std::memory_order_release);  // it is back
  } else if (at >= section_capacity<ModuleSlot>(SectionKind::modules) || !reserve(&m, sizeof m)) {
    count(lost().modules);
  } else {
    describe(image, m);
    m.path = add_string(image.path);
    m.loaded = recording.header->module_generation.load(std::memory_order_relaxed);
    m.state.store(1, std::memory_order_release);
    used.store(at + 1, std::memory_order_release);  // pairs with slots_used
  }
  writing.store(0, std::memory_order_release);
}

int add_loaded(dl_phdr_info* info, size_t, void*) {
  const char* path = info->dlpi_name;
  if (path[0] == 0) path = recording.header->program;
  if (starts_with(path, "linux-vdso")) path = "[vdso]";
  add_module({info->dlpi_addr, path, info->dlpi_phdr, info->dlpi_phnum,
              reinterpret_cast<uint64_t>(info->dlpi_phdr)});
  const ModuleSlot* m = known_module(reinterpret_cast<uint64_t>(&add_loaded));
  if (m != nullptr) {
    recording.header->track_base = recording.track_base = m->start;
    recording.header->track_end = recording.track_end = m->end;
  }
  return 0;
}

bool find_image(uint64_t address, Image& image) {
  dl_find_object found;
  if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return false;
  const auto* elf = static_cast<const ElfW(Ehdr)*>(found.dlfo_map_start);
  if (__builtin_memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return false;
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(
      static_cast<const char*>(found.dlfo_map_start) + elf->e_phoff);
  const char* path = found.dlfo_link_map->l_name;
  image = {found.dlfo_link_map->l_addr, path[0] != 0 ? path : recording.header->program, segments,
           elf->e_phnum, address};
  return true;
}

// Other code than before at these addresses? Only looks, so that a handler may interrupt whoever
// writes; until the module is recorded, with the first stack through it, every look says so anew.
void meet_code(uint64_t address) {
  if (known_module(address) != nullptr) return;
  Image image;
  if (!find_image(address, image)) return;
  ModuleSlot described{};
  describe(image, described);
  const ModuleSlot* old = predecessor_of(described);
  if (old != nullptr && !same_code(*old, described, image.path))
    g_stack_salt.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace

void start_modules() {
  recording.header->module_generation.store(1, std::memory_order_relaxed);
  dl_iterate_phdr(add_loaded, nullptr);
  code_met.store(&meet_code, std::memory_order_release);
}

void note_module_of(uint64_t address) {
  if (known_module(address) != nullptr) return;
  Image image;
  if (!find_image(address, image)) return;
  meet_code(address);
  add_module(image);
}

void restart_modules_after_fork() {
  writing.store(0, std::memory_order_relaxed);
}

void modules_changing() {
  if (!recording_is_ours()) return;
  unwind_modules_changed();
  recording.header->module_generation.fetch_add(1, std::memory_order_relaxed);
}

namespace {
bool is_vdso(const ModuleSlot& m) {
  constexpr char kName[] = "[vdso]";
  return m.path <= place_of(SectionKind::strings).bytes - sizeof kName &&
         reserve(recording.strings + m.path, sizeof kName) &&
         equal(recording.strings + m.path, kName);
}
}  // namespace

void modules_closed() {
  if (!recording_is_ours()) return;
  modules_changing();
  const uint32_t now = recording.header->module_generation.load(std::memory_order_relaxed);
  const uint64_t used = slots_used();
  for (uint64_t i = 0; i < used; ++i) {
    ModuleSlot& m = recording.modules[i];
    if (m.unloaded.load(std::memory_order_relaxed) != 0) continue;
    dl_find_object found;
    if (_dl_find_object(reinterpret_cast<void*>(m.start), &found) != 0 && !is_vdso(m))
      m.unloaded.store(now, std::memory_order_relaxed);
  }
}

bool is_code(uint64_t address) {
  const ModuleSlot* m = known_module(address);
  return m != nullptr && address - m->executable_start < m->executable_end - m->executable_start;
}

}  // namespace track::core
