#include "cli/process/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "cli/model/error.h"

namespace track::process {
namespace {

std::string proc_path(pid_t pid, const std::string& rest) {
  return "/proc/" + std::to_string(pid) + "/" + rest;
}

// errno is set when it cannot be read.
bool read_all(const std::string& path, std::string& text) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char buffer[16384];
  ssize_t n = 0;
  text.clear();
  while ((n = read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(n));
  const int error = errno;
  close(fd);
  errno = error;
  return n == 0;
}

std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> result;
  DIR* dir = opendir(directory.c_str());
  if (dir == nullptr) return result;
  while (const dirent* entry = readdir(dir)) {
    char* end = nullptr;
    const long number = std::strtol(entry->d_name, &end, 10);
    if (number > 0 && *end == 0) result.push_back(static_cast<pid_t>(number));
  }
  closedir(dir);
  std::sort(result.begin(), result.end());
  return result;
}

// Of a text of lines "NAME: value".
std::string field_of(const std::string& text, const std::string& name) {
  const std::string key = "\n" + name + ":";
  size_t at = text.compare(0, name.size() + 1, name + ":") == 0 ? name.size() + 1 : text.find(key);
  if (at == std::string::npos) return {};
  if (text[at] == '\n') at += key.size();
  at = text.find_first_not_of(" \t", at);
  if (at == std::string::npos) return {};
  return text.substr(at, text.find('\n', at) - at);
}

void strip_newline(std::string& text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
}

}  // namespace

bool exists(pid_t pid) {
  std::string text;
  if (!read_all(proc_path(pid, "stat"), text)) return false;
  const size_t end = text.rfind(')');
  return end != std::string::npos && end + 2 < text.size() && text[end + 2] != 'Z' &&
         text[end + 2] != 'X';
}

void require_readable(pid_t pid) {
  if (!exists(pid)) throw Error("there is no process " + std::to_string(pid));
  std::string text;
  if (read_all(proc_path(pid, "maps"), text)) return;
  const int error = errno;
  if (!exists(pid)) throw Error("process " + std::to_string(pid) + " is gone");
  throw Error("process " + std::to_string(pid) + " (" + command_name(pid) +
              ") may not be looked at: " + std::strerror(error) +
              "; run track as its user or as root");
}

std::vector<Mapping> mappings(pid_t pid) {
  std::string text;
  std::vector<Mapping> result;
  if (!read_all(proc_path(pid, "maps"), text)) return result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Mapping m;
    char flags[5] = {};
    int path_at = 0;
    unsigned major = 0, minor = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
                    &m.start, &m.end, flags, &m.offset, &major, &minor, &m.inode, &path_at) < 7)
      continue;
    m.readable = flags[0] == 'r';
    m.writable = flags[1] == 'w';
    m.executable = flags[2] == 'x';
    m.shared = flags[3] == 's';
    if (path_at > 0) m.path = line.substr(static_cast<size_t>(path_at));
    static constexpr char kDeleted[] = " (deleted)";
    constexpr size_t n = sizeof kDeleted - 1;
    if (m.path.size() > n && m.path.compare(m.path.size() - n, n, kDeleted) == 0) {
      m.deleted = true;
      m.path.resize(m.path.size() - n);
    }
    result.push_back(std::move(m));
  }
  return result;
}

std::string executable_path(pid_t pid) {
  char path[PATH_MAX];
  const ssize_t n = readlink(proc_path(pid, "exe").c_str(), path, sizeof path);
  return n <= 0 ? std::string() : std::string(path, static_cast<size_t>(n));
}

std::vector<std::string> command_line(pid_t pid) {
  std::string text;
  std::vector<std::string> words;
  if (!read_all(proc_path(pid, "cmdline"), text)) return words;
  std::istringstream all(text);
  for (std::string word; std::getline(all, word, '\0');) words.push_back(word);
  return words;
}

std::string status_field(pid_t pid, const std::string& name) {
  std::string text;
  if (!read_all(proc_path(pid, "status"), text)) return {};
  return field_of(text, name);
}

std::vector<pid_t> all_pids() {
  return numbers_in("/proc");
}

std::string command_name(pid_t pid) {
  std::string text;
  if (!read_all(proc_path(pid, "comm"), text)) return {};
  strip_newline(text);
  return text;
}

bool same_pid_namespace(pid_t pid) {
  std::string text;
  if (!read_all(proc_path(pid, "status"), text)) return false;
  const size_t at = text.find("\nNSpid:");
  if (at == std::string::npos) return true;
  std::istringstream line(text.substr(at + 7, text.find('\n', at + 1) - at - 7));
  int count = 0;
  for (pid_t number = 0; line >> number;) ++count;
  return count <= 1;
}

std::vector<pid_t> thread_ids(pid_t pid) {
  return numbers_in(proc_path(pid, "task"));
}

std::string thread_name(pid_t pid, pid_t tid) {
  std::string text;
  if (!read_all(proc_path(pid, "task/" + std::to_string(tid) + "/comm"), text)) return {};
  strip_newline(text);
  return text;
}

TaskStatus task_status(pid_t pid, pid_t tid) {
  TaskStatus status;
  std::string text;
  if (!read_all(proc_path(pid, "task/" + std::to_string(tid) + "/status"), text)) return status;
  const std::string state = field_of(text, "State");
  status.state = state.empty() ? '\0' : state.front();
  status.alive = status.state != 'Z' && status.state != 'X' && status.state != 0;
  status.name = field_of(text, "Name");
  for (const char* name : {"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"})
    status.switches += std::strtoull(field_of(text, name).c_str(), nullptr, 10);
  return status;
}

uint64_t start_time_ns(pid_t pid, pid_t tid) {
  constexpr int kStartTime = 20;  // words behind the name's closing parenthesis
  std::string text;
  if (!read_all(proc_path(pid, "task/" + std::to_string(tid) + "/stat"), text)) return 0;
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream words(text.substr(end + 1));
  std::string word;
  for (int i = 0; i < kStartTime; ++i)
    if (!(words >> word)) return 0;
  const auto hertz = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return hertz == 0 ? 0 : std::strtoull(word.c_str(), nullptr, 10) * (1'000'000'000 / hertz);
}

SystemCall system_call(pid_t pid, pid_t tid) {
  SystemCall call;
  std::string text;
  if (!read_all(proc_path(pid, "task/" + std::to_string(tid) + "/syscall"), text)) {
    if (errno == ENOENT || errno == ESRCH) call.state = SystemCall::State::gone;
    return call;
  }
  if (text.compare(0, 7, "running") == 0) {
    call.state = SystemCall::State::running;
    return call;
  }
  uint64_t* a = call.arguments;
  if (std::sscanf(text.c_str(),
                  "%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
                  " %" SCNx64 " %" SCNx64,
                  &call.number, a, a + 1, a + 2, a + 3, a + 4, a + 5, &call.stack_pointer,
                  &call.instruction_pointer) == 9 ||
      std::sscanf(text.c_str(), "-1 %" SCNx64 " %" SCNx64, &call.stack_pointer,
                  &call.instruction_pointer) == 2)
    call.state = SystemCall::State::waiting;
  return call;
}

}  // namespace track::process
