// What a borrowed thread and the helper that it makes run inside another process: one page of code
// that finds everything through one page of data. See injection.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "libtrack/wire/attach.h"

namespace track::process {

enum class HelperState : uint32_t {
  running = 0,
  called = 1,
  not_loaded = 2,
  not_found = 3,
  wants_bytes = 4,  // the file in memory is there, and empty
  no_file = 5,      // it may not have one
};
constexpr uint32_t kBytesAreThere = 1, kNoBytes = 2;

// The code knows the offsets.
struct InjectedData {
  uint64_t pthread_create, pthread_self, pthread_detach, dlopen, dlsym, dlclose, dlerror, munmap;
  uint64_t errno_location;
  uint64_t home;      // stack pointer with which `ret` makes the borrowed thread what it was
  int64_t created;    // what pthread_create said
  uint64_t thread;    // pthread_t of the helper
  HelperState state;  // written last
  uint32_t seen;      // 1: track has read it; the helper removes its pages and ends
  uint64_t pages, bytes;
  int64_t nap[2];      // timespec
  uint64_t naps_left;  // should nobody look any more
  int64_t helper;      // its thread id, as it knows it
  uint64_t function;   // what is to be called where it is loaded already; 0: load it first
  uint32_t in_memory;  // 1: from a file in memory, not by a path that is known before
  uint32_t bytes_there;
  int64_t file;  // its descriptor, in a table that only the helper has; or -errno
  char file_name[32];
  char message[496];  // of dlerror
  char symbol[32];
  char path[1024];
  wire::AttachRequest request;
};
static_assert(offsetof(InjectedData, function) == 152 && offsetof(InjectedData, file) == 168 &&
              offsetof(InjectedData, message) == 208 && offsetof(InjectedData, symbol) == 704 &&
              offsetof(InjectedData, path) == 736 && offsetof(InjectedData, request) == 1760);
static_assert(sizeof(InjectedData) <= 4096);

struct InjectedCode {
  std::span<const std::byte> bytes;
  uint64_t start;   // offset at which the borrowed thread begins, rbx = the data
  uint64_t marker;  // offset behind the system call that says it is done
};
InjectedCode injected_code();

}  // namespace track::process
