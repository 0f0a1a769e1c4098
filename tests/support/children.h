// children.h: whole processes for tests: a forked body, or the preload target under libtrack.so.
// Everything here is for the test's main thread; a failed system call fails the test by exception.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace track::test {

// Where temporary directories are made.
inline std::string& temporary_base() {
  static std::string base = "/tmp";
  return base;
}

// A directory of mode 0700 that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = temporary_base() + "/track-test-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().string());
    return names;
  }

 private:
  std::string path_;
};

// In a body run by in_child: what does not hold ends the child with its line number.
#define TRACK_EXPECT(...)       \
  do {                          \
    if (!(__VA_ARGS__)) {       \
      (void)!write(2, "\n", 1); \
      return __LINE__;          \
    }                           \
  } while (false)

// 0 = the body returned 0, a line number = where it did not hold, -N = killed by signal N.
inline int in_child(const std::function<int()>& body) {
  int answer[2];
  if (pipe(answer) != 0) throw std::runtime_error("pipe");
  // The child ends without destructors: what it makes goes with what is ours.
  const TemporaryDirectory room;
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    temporary_base() = room.path();
    const int line = body();
    (void)!write(answer[1], &line, sizeof line);
    _exit(line == 0 ? 0 : 1);
  }
  close(answer[1]);
  int line = -1;
  const bool told = read(answer[0], &line, sizeof line) == sizeof line;
  close(answer[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) return -WTERMSIG(status);
  return told ? line : -1;
}

// A program started with an environment of its own; prepare runs in the child before exec.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::vector<std::string>& settings,
        const std::function<void()>& prepare = {}) {
    if (pipe(out_) != 0 || pipe(in_) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      dup2(out_[1], 1);
      dup2(in_[0], 0);
      for (int fd : {out_[0], out_[1], in_[0], in_[1]}) close(fd);
      std::vector<char*> arguments;
      for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      std::vector<char*> environment;
      for (const auto& setting : settings)
        environment.push_back(const_cast<char*>(setting.c_str()));
      environment.push_back(nullptr);
      if (prepare) prepare();
      execve(arguments[0], arguments.data(), environment.data());
      _exit(127);
    }
    close(out_[1]);
    close(in_[0]);
  }
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait_end();
    }
    close(out_[0]);
    if (in_[1] >= 0) close(in_[1]);
  }
  Child(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // The next line the program prints; empty at its end.
  std::string line() {
    std::string text;
    char c;
    while (read(out_[0], &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  void tell(const std::string& text) { (void)!write(in_[1], text.data(), text.size()); }
  void close_input() {
    close(in_[1]);
    in_[1] = -1;
  }
  // Exit code, or -N when killed by signal N.
  int wait_end() {
    if (pid_ <= 0) return ended_;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    ended_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return ended_;
  }

 private:
  int out_[2], in_[2];
  pid_t pid_ = -1;
  int ended_ = 0;
};

}  // namespace track::test
