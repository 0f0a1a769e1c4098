// Makes a running process load a library and call one function of it, without a debugger: a thread
// that sleeps in a harmless call is held for as long as it takes to make another thread, which does
// the rest and ends. The process is not stopped; nothing of it is changed but two pages and a stack
// of our own, which are gone afterwards.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/error.h"
#include "cli/model/process_image.h"
#include "cli/process/safe_point.h"
#include "libtrack/wire/attach.h"

namespace track::process {

// None of the threads could be had just then: worth another try.
struct NoThread : Error {
  using Error::Error;
};

// It may have no file in memory: worth another try, with the library as a file.
struct NoFileInMemory : Error {
  using Error::Error;
};

// Where the library comes from: the first of these that is set.
struct LibrarySource {
  uint64_t function = 0;         // it is loaded: what is to be called lies here
  std::string path;              // as the process names it
  std::vector<std::byte> bytes;  // through a file in memory, which only the loading thread sees
  // For a process that cannot ask /proc: its threads, as it numbers them.
  std::vector<int32_t> thread_numbers;
};

struct InjectionResult {
  wire::AttachRequest request;  // as the function left it
  uint64_t held_ns = 0;         // the one thread
  pid_t borrowed = 0;
};

// Throws Error, in words for a person, when nothing can be loaded into the process: it has no
// glibc.
void require_loader(pid_t pid);

// threads: those of a look that has just been taken; image: that look's. The first that can be had
// is taken. Throws NoThread (with
// what each lacked), NoFileInMemory, or Error: not permitted, or the library could not be loaded
// (with the loader's own words); then the process is as before.
InjectionResult inject(pid_t pid, const ProcessImage& image, const std::vector<SafePoint>& threads,
                       const LibrarySource& library, const std::string& function,
                       const wire::AttachRequest& request);

}  // namespace track::process
