#include "cli/verbs/planted.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/model/error.h"

extern char** environ;

namespace track::verbs {

std::string find_planted() {
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"../lib/track/planted", "../lib/x86_64-linux-gnu/track/planted"})
    if (const auto path = beside / place; access(path.c_str(), X_OK) == 0)
      return std::filesystem::weakly_canonical(path).string();
  throw Error("the program that selftest runs is not in " +
              std::filesystem::weakly_canonical(beside / "../lib/track").string() +
              "/planted; install track with all its files (cmake --install)");
}

SteppingProgram::SteppingProgram(const std::vector<std::string>& arguments,
                                 const std::string& library, const std::string& options) {
  const std::string file = find_planted();
  std::vector<std::string> words = {file}, settings;
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, "LD_PRELOAD=", 11) != 0 &&
        std::strncmp(*entry, "TRACK_OPTIONS=", 14) != 0)
      settings.emplace_back(*entry);
  if (!library.empty()) {
    settings.push_back("LD_PRELOAD=" + library);
    settings.push_back("TRACK_OPTIONS=" + options);
  }
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& setting : settings) envp.push_back(setting.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) throw Error("cannot make a pipe");
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    throw Error("cannot make a pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int failed = posix_spawn(&pid_, file.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  if (failed != 0) {
    pid_ = -1;
    throw Error("cannot execute " + file + ": " + std::strerror(failed));
  }
}

SteppingProgram::~SteppingProgram() {
  close(input_);
  if (pid_ > 0) {
    while (!line().empty()) {
    }
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(output_);
}

std::string SteppingProgram::line() {
  std::string text;
  for (char c = 0;;) {
    const ssize_t n = ::read(output_, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n != 1 || c == '\n') return text;
    text += c;
  }
}

void SteppingProgram::step() {
  const char byte = '\n';
  if (line() != "ready" || ::write(input_, &byte, 1) != 1)
    throw Error("a planted program ended before its time");
}

double planted_cost(const std::string& what, const std::string& library,
                    const std::string& options) {
  SteppingProgram program({"cost", what}, library, options);
  return std::strtod(program.line().c_str(), nullptr);
}

}  // namespace track::verbs
