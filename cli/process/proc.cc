#include "cli/process/proc.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string_view>

#include "cli/model/error.h"
#include "cli/process/permission.h"

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

// The number at the front of `line`, and the character after it, which are taken off.
template <class Number>
bool take_number(std::string_view& line, Number& number, int base, char after) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, base);
  if (error != std::errc() || end == line.data() + line.size() || *end != after) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()) + 1);
  return true;
}

// "55d0c0000000-55d0c0002000 r-xp 00001000 fe:00 131 <spaces> /usr/bin/true". A process of ten
// thousand threads has twenty thousand of them, so scanf is too slow here.
bool parse_mapping(std::string_view line, Mapping& m) {
  if (!take_number(line, m.start, 16, '-') || !take_number(line, m.end, 16, ' ')) return false;
  if (line.size() < 5 || line[4] != ' ') return false;
  m.readable = line[0] == 'r';
  m.writable = line[1] == 'w';
  m.executable = line[2] == 'x';
  m.shared = line[3] == 's';
  line.remove_prefix(5);
  unsigned major = 0, minor = 0;
  if (!take_number(line, m.offset, 16, ' ') || !take_number(line, major, 16, ':') ||
      !take_number(line, minor, 16, ' ') || !take_number(line, m.inode, 10, ' '))
    return false;
  m.path = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  static constexpr std::string_view kDeleted = " (deleted)";
  if (m.path.ends_with(kDeleted) && m.path.size() > kDeleted.size()) {
    m.deleted = true;
    m.path.resize(m.path.size() - kDeleted.size());
  }
  return true;
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

// As ps prints it; 0 = there is none.
char state_in(const std::string& stat) {
  std::string text;
  if (!read_all(stat, text)) return 0;
  const size_t end = text.rfind(')');
  return end != std::string::npos && end + 2 < text.size() ? text[end + 2] : '\0';
}

// A process goes on when its main thread ended by pthread_exit.
bool others_live(pid_t pid) {
  for (const pid_t tid : numbers_in(proc_path(pid, "task"))) {
    const char state = state_in(proc_path(pid, "task/" + std::to_string(tid) + "/stat"));
    if (state != 0 && state != 'Z' && state != 'X') return true;
  }
  return false;
}

}  // namespace

bool exists(pid_t pid) {
  const char state = state_in(proc_path(pid, "stat"));
  if (state == 0 || state == 'X') return false;
  return state != 'Z' || others_live(pid);
}

void require_readable(pid_t pid) {
  if (!exists(pid)) throw Error("there is no process " + std::to_string(pid) + "; see: track ps");
  const int fd = open(proc_path(pid, "maps").c_str(), O_RDONLY | O_CLOEXEC);
  char first = 0;
  // A kernel thread's is empty, which is for others to say.
  const bool readable = fd >= 0 && read(fd, &first, 1) >= 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!exists(pid)) throw Error("process " + std::to_string(pid) + " is gone");
  // By the number of such a process the kernel shows neither memory nor descriptors: who went on
  // would take them for empty.
  if (state_in(proc_path(pid, "stat")) == 'Z')
    throw Error("process " + std::to_string(pid) + " (" + command_name(pid) +
                ") may not be looked at: its main thread has ended (pthread_exit), and without it "
                "the kernel shows nothing of the others' memory");
  if (readable) return;
  throw Error("process " + std::to_string(pid) + " (" + command_name(pid) +
              ") may not be looked at: " + why_not_traceable(pid, error));
}

std::vector<Mapping> mappings(pid_t pid) {
  std::string text;
  std::vector<Mapping> result;
  if (!read_all(proc_path(pid, "maps"), text)) return result;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    Mapping mapping;
    if (parse_mapping(rest.substr(0, end), mapping)) result.push_back(std::move(mapping));
    rest.remove_prefix(std::min(end + 1, rest.size()));
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

uint64_t bytes_in(const std::string& path, const std::string& name) {
  std::string text;
  if (!read_all(path, text)) return 0;
  const std::string start = "\n" + name + ":";
  const size_t at = ("\n" + text).find(start);
  return at == std::string::npos
             ? 0
             : std::strtoull(text.c_str() + at + name.size() + 1, nullptr, 10) * 1024;
}

std::string status_field(pid_t pid, const std::string& name) {
  std::string text;
  if (!read_all(proc_path(pid, "status"), text)) return {};
  return field_of(text, name);
}

bool gained_privileges(pid_t pid) {
  std::string text;
  if (!read_all(proc_path(pid, "auxv"), text)) return false;
  Elf64_auxv_t entry{};
  for (size_t at = 0; at + sizeof entry <= text.size(); at += sizeof entry) {
    std::memcpy(&entry, text.data() + at, sizeof entry);
    if (entry.a_type == AT_SECURE) return entry.a_un.a_val != 0;
  }
  return false;
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

std::string environment(pid_t pid) {
  std::string text;
  return read_all(proc_path(pid, "environ"), text) ? text : std::string();
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

std::unordered_map<pid_t, pid_t> threads_by_own_number(pid_t pid) {
  std::unordered_map<pid_t, pid_t> result;
  std::string text;
  for (const pid_t tid : thread_ids(pid)) {
    if (!read_all(proc_path(pid, "task/" + std::to_string(tid) + "/status"), text)) continue;
    const std::string numbers = field_of(text, "NSpid");
    const size_t last = numbers.find_last_of(" \t") + 1;  // of none: 0
    const auto number = static_cast<pid_t>(std::strtol(numbers.c_str() + last, nullptr, 10));
    result[number != 0 ? number : tid] = tid;
  }
  return result;
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
