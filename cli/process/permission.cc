#include "cli/process/permission.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

namespace track::process {
namespace {

constexpr uint64_t kCapSysPtrace = uint64_t{1} << 19;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What one /proc says.
class Facts {
 public:
  explicit Facts(const std::string& proc) : proc_(proc + "/") {}

  // The rest of the line "NAME:" in PROCESS/status, trimmed; empty when there is none.
  std::string field(const std::string& process, const std::string& name) const {
    std::ifstream file(proc_ + process + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.compare(0, name.size() + 1, name + ":") != 0) continue;
      const size_t at = line.find_first_not_of(" \t", name.size() + 1);
      return at == std::string::npos ? std::string() : line.substr(at);
    }
    return {};
  }
  std::string command(const std::string& process) const {
    return first_line(proc_ + process + "/comm");
  }
  int yama_scope() const {
    return std::atoi(first_line(proc_ + "sys/kernel/yama/ptrace_scope").c_str());
  }
  bool have_capability() const {
    return (std::strtoull(field("self", "CapEff").c_str(), nullptr, 16) & kCapSysPtrace) != 0;
  }
  static std::optional<uid_t> effective(const std::string& users) {
    const size_t second = users.find_first_of(" \t");
    if (second == std::string::npos) return std::nullopt;
    return static_cast<uid_t>(std::strtoul(users.c_str() + second, nullptr, 10));
  }
  std::optional<uid_t> user(const std::string& process) const {
    return effective(field(process, "Uid"));
  }
  // The files of a process that is not dumpable belong to root, whoever it runs as.
  bool dumpable(const std::string& process) const {
    struct stat status {};
    if (stat((proc_ + process + "/mem").c_str(), &status) != 0) return true;
    return status.st_uid == user(process).value_or(status.st_uid);
  }

 private:
  std::string proc_;
};

}  // namespace

std::string why_not_traceable(pid_t pid, int error, const std::string& proc) {
  const Facts facts(proc);
  const std::string process = std::to_string(pid);
  const std::string state = facts.field(process, "State");
  if (error == ESRCH || state.empty() || state[0] == 'Z' || state[0] == 'X') return "it is gone";
  const std::string tracer = facts.field(process, "TracerPid");
  if (error == EPERM && !tracer.empty() && tracer != "0")
    return "process " + tracer + " (" + facts.command(tracer) +
           ") traces it already; end that debugger or tracer first";
  if (facts.have_capability()) {
    if (error == EPERM || error == EACCES)
      return std::string(std::strerror(error)) +
             " although track has CAP_SYS_PTRACE: another user namespace, a security module, or "
             "Yama's ptrace_scope 3; run track inside the container, as its root";
    return std::strerror(error);
  }
  const auto theirs = facts.user(process), ours = facts.user("self");
  if (theirs && ours && *theirs != *ours)
    return "it belongs to user " + std::to_string(*theirs) + " and track runs as user " +
           std::to_string(*ours) + "; run track as that user or as root";
  if (!facts.dumpable(process))
    return "it is not dumpable (it gained privileges, or set PR_SET_DUMPABLE to 0); run track as "
           "root";
  switch (facts.yama_scope()) {
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
