#include "libtrack/core/recording_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libtrack/core/family.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_file.h"
#include "libtrack/core/recording_runs.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"

namespace track::core {

namespace {
using wire::SectionKind;

TRACK_HOT bool unpublished = false;
}  // namespace

// Most were not: eight at a time.
uint64_t next_reserved_page(uint64_t page, uint64_t end) {
  while (page < end) {
    uint64_t eight = 1;
    if (page % 8 == 0 && end - page >= 8) __builtin_memcpy(&eight, reserved_pages + page, 8);
    if (eight != 0 && reserved_pages[page] != 0) return page;
    page += eight == 0 ? 8 : 1;
  }
  return end;
}

namespace {

// What a copy in the place of the recording does not take along.
void leave_out(SectionKind kind) {
  const Place& left = place_of(kind);
  const uint64_t end = (left.offset + left.bytes) >> 12;
  for (uint64_t page = left.offset >> 12; (page = next_reserved_page(page, end)) < end;)
    reserved_pages[page] = 0;
}

// Private memory in the place of the recording.
bool replace_by_copy(bool with_the_past) {
  // Others may be writing meanwhile; in a child, what the parent adds concerns its own threads,
  // none of which live here.
  void* copy = sys::map(nullptr, recording.bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (sys::map_failed(copy)) return false;
  // An empty ring grows again as a new one does.
  if (!with_the_past)
    for (const SectionKind left :
         {SectionKind::coroutines, SectionKind::told_coroutines, SectionKind::rings})
      leave_out(left);
  for (const SectionKind left :
       {SectionKind::heap_sites, SectionKind::samples, SectionKind::heap_deltas,
        SectionKind::mappings, SectionKind::block_regions, SectionKind::block_pages,
        SectionKind::cpu_samples, SectionKind::thread_origins})
    leave_out(left);
  // What waiting cost, and in which order locks were taken, happened before.
  constexpr SectionKind kOfThePast[] = {SectionKind::contention, SectionKind::order_edges};
  for (const SectionKind left : kOfThePast) leave_out(left);
  each_reserved_run([&](uint64_t page, uint64_t pages) {
    char* to = static_cast<char*>(copy) + (page << 12);
    populate(to, pages << 12);  // at once is cheaper than page by page; if refused, those then
    copy_bytes(to, recording.base + (page << 12), pages << 12);
    return true;
  });
  sys::call(SYS_mremap, sys::as_long(copy), static_cast<long>(recording.bytes),
            static_cast<long>(recording.bytes), MREMAP_MAYMOVE | MREMAP_FIXED,
            sys::as_long(recording.base));
  if (!with_the_past)
    for (const SectionKind empty : {SectionKind::coroutines, SectionKind::told_coroutines})
      section_used(empty).store(0, std::memory_order_relaxed);
  for (const SectionKind left : kOfThePast) section_used(left).store(0, std::memory_order_relaxed);
  return true;
}

}  // namespace

bool copy_recording_after_fork(bool with_the_past) {
  if (!replace_by_copy(with_the_past)) {
    count_unrecorded_process();
    // No address space for a second one: empty pages in place of the shared ones need none.
    recording_is_on.store(false, std::memory_order_release);
    wiped_in_children.ours.store(false, std::memory_order_relaxed);
    let_locks_go_unseen();
    sys::map(recording.base, recording.bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1);
    recording.base = nullptr;
    recording.path[0] = 0;
    return false;
  }
  recording.path[0] = 0;
  unpublished = true;
  wiped_in_children.ours.store(true, std::memory_order_relaxed);
  return true;
}

// Nor is it one that is to be published at the next occasion: a thread that began a hook before it
// was let go may come by such.
bool let_go_of_recording() {
  // Without the history, too, which is most of what is resident.
  if (!replace_by_copy(false)) return false;
  recording.header->magic[0] = 0;  // no reader takes it for a recording
  if (recording_wanted()) recording.path[0] = 0;
  remove_recording();
  return true;
}

void let_go_of_forked_recording() {
  unpublished = false;
  recording.header->magic[0] = 0;
  recording_is_on.store(false, std::memory_order_release);
  let_locks_go_unseen();
  wiped_in_children.ours.store(false, std::memory_order_relaxed);
}

TRACK_HOT_CODE bool forked_recording_unpublished() {
  return unpublished;
}

namespace {

bool give_file(const char* runtime_dir) {
  if (recording.bytes >= file_size_limit()) return false;
  const int fd =
      create_recording_file(runtime_dir, recording.bytes, recording.path, sizeof recording.path);
  if (fd < 0) return false;
  void* p =
      sys::map(nullptr, recording.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd);
  sys::call(SYS_close, fd);
  if (sys::map_failed(p)) {
    remove_recording();
    return false;
  }
  advise_of_pages(p, recording.bytes, fd);
  const auto copy = [&](uint64_t page, uint64_t pages) {
    char* to = static_cast<char*>(p) + (page << 12);
    if (!populate(to, pages << 12)) return false;
    copy_bytes(to, recording.base + (page << 12), pages << 12);
    return true;
  };
  if (!each_reserved_run(copy) || !each_reserved_block_page(copy)) {
    sys::unmap(p, recording.bytes);
    remove_recording();
    return false;
  }
  sys::call(SYS_mremap, sys::as_long(p), static_cast<long>(recording.bytes),
            static_cast<long>(recording.bytes), MREMAP_MAYMOVE | MREMAP_FIXED,
            sys::as_long(recording.base));
  return true;
}

}  // namespace

void publish_forked_recording(const char* runtime_dir) {
  unpublished = false;
  write_magic();
  if (!give_file(runtime_dir)) count_unrecorded_process();
}

}  // namespace track::core
