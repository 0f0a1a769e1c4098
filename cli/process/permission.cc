#include "cli/process/permission.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr uint64_t kCapSysPtrace = uint64_t{1} << 19;

int yama_scope() {
  std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
  int scope = 0;
  return file >> scope ? scope : 0;
}

bool have_capability() {
  const std::string text = status_field(getpid(), "CapEff");
  return (std::strtoull(text.c_str(), nullptr, 16) & kCapSysPtrace) != 0;
}

// The files of a process that is not dumpable belong to root, whoever it runs as.
bool dumpable(pid_t pid) {
  struct stat status {};
  const std::string uid = status_field(pid, "Uid");
  if (stat(("/proc/" + std::to_string(pid) + "/mem").c_str(), &status) != 0) return true;
  return status.st_uid == std::strtoul(uid.c_str(), nullptr, 10);
}

}  // namespace

std::string why_not_traceable(pid_t pid, int error) {
  if (error == ESRCH || !exists(pid)) return "it is gone";
  const std::string tracer = status_field(pid, "TracerPid");
  if (error == EPERM && !tracer.empty() && tracer != "0")
    return "process " + tracer + " (" + command_name(std::atoi(tracer.c_str())) +
           ") traces it already; end that debugger or tracer first";
  if (have_capability()) {
    if (error == EPERM || error == EACCES)
      return std::string(std::strerror(error)) +
             " although track has CAP_SYS_PTRACE: another user namespace, a security module, or "
             "Yama's ptrace_scope 3; run track inside the container, as its root";
    return std::strerror(error);
  }
  const std::string theirs = status_field(pid, "Uid");
  const auto uid = std::strtoul(theirs.c_str(), nullptr, 10);
  if (!theirs.empty() && uid != geteuid())
    return "it belongs to user " + std::to_string(uid) + " and track runs as user " +
           std::to_string(geteuid()) + "; run track as that user or as root";
  if (!dumpable(pid))
    return "it is not dumpable (it gained privileges, or set PR_SET_DUMPABLE to 0); run track as "
           "root";
  switch (yama_scope()) {
    case 1:
      return "Yama's ptrace_scope is 1: only a parent may look at a process; run track as root, or "
             "`sysctl kernel.yama.ptrace_scope=0`, or start it with `track run`";
    case 2:
      return "Yama's ptrace_scope is 2: only root may look at a process; run track as root";
    case 3:
      return "Yama's ptrace_scope is 3: nobody may look at a process until the next boot; start it "
             "with `track run` instead";
    default:
      break;
  }
  if (error == ENOSYS)
    return "the system call is not available here (a seccomp filter of the container?); run track "
           "outside of it";
  if (error == EPERM)
    return "the kernel forbids it: the process has capabilities that track lacks, or a seccomp "
           "filter or security module is in the way; run track as root, or with CAP_SYS_PTRACE "
           "(docker run --cap-add SYS_PTRACE)";
  return std::strerror(error);
}

}  // namespace track::process
