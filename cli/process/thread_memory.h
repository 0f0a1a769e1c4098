// Where a thread's own memory lies: its stack, and its control block on top of that.
#pragma once

#include <optional>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/process/region_reader.h"

namespace track::process {

struct ThreadArea {
  uint64_t control = 0;  // address of its control block: its pthread_t
  AddressRange mapping;  // stack and control block, as glibc mapped them
  int32_t tid = 0;       // as the control block says it; 0 or less: the thread has ended
};

// The stacks that glibc made, with those it keeps of threads that have ended. Sorted.
std::vector<ThreadArea> find_thread_areas(const ProcessImage& image, const RegionReader& memory);

// The first thread's control block with its thread-local variables before it, which the dynamic
// linker made, and the linker's own list of those.
struct MainControl {
  AddressRange variables, control, list;  // all empty when one could not be told
};
MainControl main_control(const ImageThread& thread, const RegionReader& memory);

// The block where a thread keeps the list of its variables, as the dynamic linker allocated it;
// 0 = not told.
uint64_t variables_list(const ThreadArea& area, const RegionReader& memory);

// Where the first thread's frames end and its arguments begin; 0 = unknown.
uint64_t main_stack_top(const ProcessImage& image);

}  // namespace track::process
