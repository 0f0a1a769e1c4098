// What /proc says about a live process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace track::process {

bool exists(pid_t pid);  // zombies count as gone
// Throws Error, in words for a person, when the process is gone or may not be looked at.
void require_readable(pid_t pid);

struct Mapping {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t offset = 0;
  uint64_t inode = 0;
  bool writable = false;
  bool shared = false;
  bool deleted = false;
  std::string path;  // without " (deleted)"
};
std::vector<Mapping> mappings(pid_t pid);

std::vector<pid_t> all_pids();
std::string command_name(pid_t pid);
// True when the process's own thread ids are ours too (no pid namespace in between).
bool same_pid_namespace(pid_t pid);
std::vector<pid_t> thread_ids(pid_t pid);
std::string thread_name(pid_t pid, pid_t tid);

// /proc/PID/task/TID/syscall.
struct SystemCall {
  enum class State { unreadable, gone, running, waiting } state = State::unreadable;
  int64_t number = -1;
  uint64_t arguments[6] = {};
  uint64_t stack_pointer = 0;
  uint64_t instruction_pointer = 0;
};
SystemCall system_call(pid_t pid, pid_t tid);

}  // namespace track::process
