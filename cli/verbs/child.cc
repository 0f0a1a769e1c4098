#include "cli/verbs/child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "cli/model/error.h"

namespace track::verbs {
namespace {

sigset_t taken_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    sigaddset(&set, signal);
  return set;
}

sigset_t original_mask;

std::vector<std::string> child_environment(const ChildSettings& settings) {
  std::vector<std::string> result;
  std::string preload = "LD_PRELOAD=" + settings.library, options = "TRACK_OPTIONS=";
  // A shared AddressSanitizer ends the program when another library was loaded first, though it
  // works as well behind ours, which passes everything on. Of a program that it executes it is not
  // known yet whether it has one.
  std::string sanitizer = "ASAN_OPTIONS=";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.compare(0, 11, "LD_PRELOAD=") == 0)
      preload += text.size() > 11 ? ":" + text.substr(11) : "";
    else if (text.compare(0, 14, "TRACK_OPTIONS=") == 0)
      options += text.size() > 14 ? text.substr(14) + ":" : "";
    else if (text.compare(0, 13, "ASAN_OPTIONS=") == 0)
      sanitizer += text.size() > 13 ? text.substr(13) + ":" : "";
    else
      result.push_back(text);
  }
  result.push_back(preload);
  result.push_back(options + settings.options);
  if (sanitizer.find("verify_asan_link_order") == std::string::npos)
    sanitizer += "verify_asan_link_order=0";
  result.push_back(sanitizer);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

SignalDescriptor::SignalDescriptor() {
  const sigset_t set = taken_signals();
  pthread_sigmask(SIG_BLOCK, &set, &original_mask);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw Error(std::string("cannot make a signal descriptor: ") + std::strerror(errno));
}

SignalDescriptor::~SignalDescriptor() {
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &original_mask, nullptr);
}

SignalDescriptor::Signal SignalDescriptor::next() {
  signalfd_siginfo info{};
  if (::read(fd_, &info, sizeof info) != sizeof info) return {};
  return {static_cast<int>(info.ssi_signo), info.ssi_code > 0, static_cast<pid_t>(info.ssi_pid)};
}

Child start_child(const ChildSettings& settings) {
  auto environment = child_environment(settings);
  auto arguments = settings.arguments;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &original_mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  Child child;
  const int error = posix_spawn(&child.pid, settings.file.c_str(), nullptr, &attributes,
                                pointers(arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw Error("cannot execute " + settings.file + ": " + std::strerror(error));
  child.pidfd = static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0));
  if (child.pidfd < 0) {
    const std::string why = std::strerror(errno);
    kill(child.pid, SIGKILL);
    throw Error("this kernel gives no process descriptors (" + why + "); Linux 5.3 is needed");
  }
  return child;
}

}  // namespace track::verbs
