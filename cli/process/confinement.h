// What stands between a process and who looks at it or would load something into it: namespaces,
// Yama, seccomp, a debugger, privileges.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace track::process {

struct Confinement {
  std::vector<std::string> namespaces;  // that are not ours: "pid", "mnt", "user"
  int seccomp = 0;                      // 1 strict, 2 filtered
  int yama = 0;                         // kernel.yama.ptrace_scope; 0 also where there is no Yama
  pid_t tracer = 0;                     // who traces it
  bool not_dumpable = false;            // its own user may not look into it
  bool changed_user = false;            // real and effective user or group differ
};

Confinement confinement_of(pid_t pid);

}  // namespace track::process
