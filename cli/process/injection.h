// Makes a running process load a library and call one function of it, without a debugger: a thread
// that sleeps in a harmless call is held for as long as it takes to make another thread, which does
// the rest and ends. The process is not stopped; nothing of it is changed but two pages of its own,
// which are gone afterwards.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/error.h"
#include "libtrack/wire/attach.h"

namespace track::process {

// None of the threads could be had just then: worth another try.
struct NoThread : Error {
  using Error::Error;
};

struct InjectionResult {
  wire::AttachRequest request;  // as the function left it
  uint64_t held_ns = 0;         // the one thread
  pid_t borrowed = 0;
};

// Throws Error, in words for a person, when nothing can be loaded into the process: it has no
// glibc.
void require_loader(pid_t pid);

// threads: those of find_safe_points; the first that can be had is taken. library: its path as the
// process sees it. Throws NoThread (with what each lacked), or Error: not permitted, or the library
// could not be loaded (with the loader's own words); then the process is as before.
InjectionResult inject(pid_t pid, const std::vector<pid_t>& threads, const std::string& library,
                       const std::string& function, const wire::AttachRequest& request);

}  // namespace track::process
