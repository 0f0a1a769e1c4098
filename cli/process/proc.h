// What /proc says about a live process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

// Zombies count as gone; who only lost its main thread does not.
bool exists(pid_t pid);
// Throws Error, in words for a person, when the process is gone or may not be looked at.
void require_readable(pid_t pid);

std::vector<Mapping> mappings(pid_t pid);

std::vector<pid_t> all_pids();
std::string command_name(pid_t pid);
std::string executable_path(pid_t pid);  // empty when it may not be known
std::vector<std::string> command_line(pid_t pid);
std::string environment(pid_t pid);  // as it began with; empty when it may not be read
// The rest of the line "NAME:" in /proc/PID/status, trimmed; empty when there is none.
std::string status_field(pid_t pid, const std::string& name);
// Set-user-ID, set-group-ID or by file capabilities, when it was executed (AT_SECURE).
bool gained_privileges(pid_t pid);
// Bytes, by the line "NAME: N kB" of a file such as /proc/meminfo; 0 when there is none.
uint64_t bytes_in(const std::string& path, const std::string& name);
// True when the process's own thread ids are ours too (no pid namespace in between).
bool same_pid_namespace(pid_t pid);
std::vector<pid_t> thread_ids(pid_t pid);
// The threads by the numbers that they have inside of the process's own pid namespace.
std::unordered_map<pid_t, pid_t> threads_by_own_number(pid_t pid);
std::string thread_name(pid_t pid, pid_t tid);

struct TaskStatus {
  bool alive = false;  // false: gone, or a thread that has exited
  char state = 0;      // as ps prints it: R S D T t
  std::string name;
  uint64_t switches = 0;  // context switches, wanted and unwanted
};
TaskStatus task_status(pid_t pid, pid_t tid);
// When a thread was born, on CLOCK_MONOTONIC as far as the machine never slept; to 10 ms. 0 = gone.
uint64_t start_time_ns(pid_t pid, pid_t tid);

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
