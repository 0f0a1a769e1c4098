#include "libtrack/core/family.h"

#include <atomic>

#include "libtrack/core/memory.h"
#include "libtrack/core/recording.h"

namespace track::core {
namespace {

std::atomic<uint64_t>* unrecorded;

}  // namespace

void start_family() {
  unrecorded = static_cast<std::atomic<uint64_t>*>(allocate_shared(sizeof *unrecorded));
}

void count_unrecorded_process() {
  if (unrecorded != nullptr) count(*unrecorded);
}

void tell_unrecorded_processes() {
  if (unrecorded == nullptr || recording.path[0] == 0) return;
  if (unrecorded->load(std::memory_order_relaxed) == 0) return;
  count(lost().processes, unrecorded->exchange(0, std::memory_order_relaxed));
}

}  // namespace track::core
