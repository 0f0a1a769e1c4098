// What a borrowed thread and the helper that it makes run inside another process: one page of code
// that finds everything through one page of data. See injection.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "libtrack/wire/attach.h"

namespace track::process {

enum class HelperState : uint32_t { running = 0, called = 1, not_loaded = 2, not_found = 3 };

// The code knows the offsets.
struct InjectedData {
  uint64_t pthread_create, pthread_self, pthread_detach, dlopen, dlsym, dlclose, dlerror, munmap;
  uint64_t errno_location;
  uint64_t home;      // stack pointer with which `ret` makes the borrowed thread what it was
  int64_t created;    // what pthread_create said
  uint64_t thread;    // pthread_t of the helper
  HelperState state;  // written last
  uint32_t seen;      // 1: track has read it; the helper removes both pages and ends
  uint64_t pages, bytes;
  int64_t nap[2];      // timespec
  uint64_t naps_left;  // should nobody look any more
  int64_t helper;      // its thread id
  char message[496];   // of dlerror
  char symbol[32];
  char path[1024];
  wire::AttachRequest request;
};
static_assert(offsetof(InjectedData, message) == 152 && offsetof(InjectedData, symbol) == 648 &&
              offsetof(InjectedData, path) == 680 && offsetof(InjectedData, request) == 1704);
static_assert(sizeof(InjectedData) <= 4096);

struct InjectedCode {
  std::span<const std::byte> bytes;
  uint64_t start;   // offset at which the borrowed thread begins, rbx = the data
  uint64_t marker;  // offset behind the system call that says it is done
};
InjectedCode injected_code();

}  // namespace track::process
