#include "cli/process/permission.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace track;

namespace {

constexpr pid_t kPid = 4711;

// A /proc of our own, in which track runs as user 1000 without capabilities and looks at a process
// of its own user.
class Proc {
 public:
  Proc() {
    char name[] = "/tmp/permission_test.XXXXXX";
    root_ = mkdtemp(name);
    status("self", user_, user_, 0);
    status(std::to_string(kPid), user_, user_, 0);
    write("4711/mem", "");
  }
  ~Proc() { std::filesystem::remove_all(root_); }
  Proc(const Proc&) = delete;

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = std::filesystem::path(root_) / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void status(const std::string& process, uid_t real, uid_t effective, int tracer,
              const char* capabilities = "0000000000000000", const char* state = "S (sleeping)") {
    const std::string user = std::to_string(effective);
    write(process + "/status", "Name:\tserver\nState:\t" + std::string(state) + "\nTracerPid:\t" +
                                   std::to_string(tracer) + "\nUid:\t" + std::to_string(real) +
                                   "\t" + user + "\t" + user + "\t" + user + "\nCapEff:\t" +
                                   capabilities + "\n");
  }
  void yama(int scope) { write("sys/kernel/yama/ptrace_scope", std::to_string(scope) + "\n"); }
  bool says(const std::string& words, int error = EPERM) const {
    const std::string why = process::why_not_traceable(kPid, error, root_);
    INFO(why);
    CHECK(why.find('\n') == std::string::npos);
    return why.find(words) != std::string::npos;
  }
  const uid_t user_ = getuid();  // the files' own: that of a dumpable process

 private:
  std::string root_;
};

}  // namespace

TEST_CASE("a process that is gone, or only waits for its parent, is said to be gone") {
  Proc proc;
  CHECK(proc.says("it is gone", ESRCH));
  proc.status("4711", proc.user_, proc.user_, 0, "0", "Z (zombie)");
  CHECK(proc.says("it is gone"));
}

TEST_CASE("a debugger that is there already is named") {
  Proc proc;
  proc.status("4711", proc.user_, proc.user_, 99);
  proc.write("99/comm", "gdb\n");
  CHECK(proc.says("process 99 (gdb) traces it already; end that debugger"));
}

TEST_CASE("each of Yama's scopes is named, with what allows the look") {
  Proc proc;
  proc.yama(1);
  CHECK(proc.says("ptrace_scope is 1"));
  CHECK(proc.says("sysctl kernel.yama.ptrace_scope=0"));
  proc.yama(2);
  CHECK(proc.says("ptrace_scope is 2"));
  CHECK(proc.says("run track as root"));
  proc.yama(3);
  CHECK(proc.says("ptrace_scope is 3"));
  CHECK(proc.says("start it with `track run`"));
  proc.yama(0);
  CHECK_FALSE(proc.says("ptrace_scope"));
  CHECK(proc.says("CAP_SYS_PTRACE"));
}

TEST_CASE("another user's process is told before Yama: root is what helps") {
  Proc proc;
  proc.yama(1);
  proc.status("4711", 5, proc.user_ + 7, 0);
  CHECK(proc.says("it belongs to user " + std::to_string(proc.user_ + 7) + " and track runs as"));
}

TEST_CASE("a process that is not dumpable is told from one that is") {
  Proc proc;
  // Its files belong to somebody else than it runs as; so does track.
  proc.status("4711", proc.user_ + 7, proc.user_ + 7, 0);
  proc.status("self", proc.user_ + 7, proc.user_ + 7, 0);
  CHECK(proc.says("not dumpable"));
}

TEST_CASE("with the capability only namespaces, security modules and Yama 3 are left") {
  Proc proc;
  proc.status("self", 0, 0, 0, "000001ffffffffff");
  CHECK(proc.says("although track has CAP_SYS_PTRACE"));
  CHECK(proc.says("Bad address", EFAULT));
}

TEST_CASE("a system call that is filtered away is told as that") {
  const Proc proc;
  CHECK(proc.says("not available here", ENOSYS));
}
