#include "libtrack/capture/mappings.h"

#include <dlfcn.h>

#include "libtrack/capture/real.h"
#include "libtrack/core/mapping_table.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

using wire::MappingKind;

Real next;  // of it only what maps
// The module that the program's malloc lies in, where that is not libc: what it maps, it hands out
// as blocks.
uint64_t allocator_start, allocator_end;

uint64_t address_of(const void* p) {
  return reinterpret_cast<uint64_t>(p);
}
uint64_t pages(size_t bytes) {
  return (uint64_t{bytes} + 4095) & ~uint64_t{4095};
}

// Asked in the function that stands for libc's, whose caller it is.
#define TRACK_FOR_ALLOCATOR \
  (address_of(__builtin_return_address(0)) - allocator_start < allocator_end - allocator_start)

// What libc refuses changes nothing.
MappingKind unmapped(uint64_t from, size_t bytes) {
  if (from % 4096 != 0 || !core::recording_is_ours()) return MappingKind::none;
  return core::remove_mappings(from, from + pages(bytes));
}

MappingKind kind_of(int protection, int flags) {
  if ((flags & MAP_ANONYMOUS) == 0) return MappingKind::file;
  return protection == PROT_NONE ? MappingKind::reserved : MappingKind::memory;
}

void mapped(void* at, size_t bytes, MappingKind kind, const core::Registers& registers) {
  if (!core::recording_on()) return;
  const uint32_t stack = core::current_slot() != nullptr ? core::capture_stack(registers) : 0;
  core::add_mapping(address_of(at), pages(bytes), stack, kind);
}

void* followed_mmap(void* at, size_t bytes, int protection, int flags, int fd,
                    off_t offset) noexcept {
  if (TRACK_FOR_ALLOCATOR) return next.mmap(at, bytes, protection, flags, fd, offset);
  void* result = next.mmap(at, bytes, protection, flags, fd, offset);
  if (result == MAP_FAILED) return result;
  if ((flags & MAP_FIXED) != 0) unmapped(address_of(result), bytes);
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  mapped(result, bytes, kind_of(protection, flags), registers);
  return result;
}

// Taken out before another thread may map something in the old place.
int followed_munmap(void* at, size_t bytes) noexcept {
  if (!TRACK_FOR_ALLOCATOR) unmapped(address_of(at), bytes);
  return next.munmap(at, bytes);
}

// One that was not seen as it was mapped is not entered when it cannot be moved.
void* followed_mremap(void* old, size_t old_bytes, size_t bytes, int flags, void* to) {
  if (TRACK_FOR_ALLOCATOR) return next.mremap(old, old_bytes, bytes, flags, to);
  const bool stays = (flags & MREMAP_DONTUNMAP) != 0;
  const MappingKind kind = stays ? MappingKind::none : unmapped(address_of(old), old_bytes);
  void* result = next.mremap(old, old_bytes, bytes, flags, to);
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  if (result == MAP_FAILED) {
    if (kind != MappingKind::none) mapped(old, old_bytes, kind, registers);
    return result;
  }
  if ((flags & MREMAP_FIXED) != 0) unmapped(address_of(to), bytes);
  mapped(result, bytes, kind != MappingKind::none ? kind : MappingKind::memory, registers);
  return result;
}

void find_allocator(const void* allocates) {
  dl_find_object there, libc;
  if (_dl_find_object(const_cast<void*>(allocates), &there) != 0 ||
      _dl_find_object(reinterpret_cast<void*>(next.pthread_join), &libc) != 0 ||
      there.dlfo_link_map == libc.dlfo_link_map)
    return;
  allocator_start = address_of(there.dlfo_map_start);
  allocator_end = address_of(there.dlfo_map_end);
}

}  // namespace

void follow_mappings(const void* allocates) {
  if (!core::start_mapping_table()) return;
  next = real;
  find_allocator(allocates);
  real.mmap = followed_mmap;
  real.munmap = followed_munmap;
  real.mremap = followed_mremap;
}

}  // namespace track::capture
