// Images of this very process and of children.
#include "cli/process/image.h"

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cli/model/error.h"

using namespace track;

namespace {

const ImageThread* thread_of(const ProcessImage& image, pid_t tid) {
  for (const ImageThread& thread : image.threads)
    if (thread.tid == tid) return &thread;
  return nullptr;
}

}  // namespace

TEST_CASE("an image of this process names its program, modules and this thread") {
  const ProcessImage image = process::look_at_process(getpid());
  CHECK(image.program.find("process_test") != std::string::npos);
  REQUIRE(thread_of(image, getpid()) != nullptr);
  CHECK(thread_of(image, getpid())->main);
  const auto here = reinterpret_cast<uint64_t>(&thread_of);
  const Module* module = image.module_of(here);
  REQUIRE(module != nullptr);
  CHECK(module->path == image.program);
  CHECK(module->build_id.size() == 40);
  const Mapping* mapping = image.mapping_of(here);
  REQUIRE(mapping != nullptr);
  CHECK(mapping->executable);
  CHECK(std::any_of(image.modules.begin(), image.modules.end(),
                    [](const Module& m) { return m.path.find("libc.so") != std::string::npos; }));
  CHECK(std::any_of(image.modules.begin(), image.modules.end(),
                    [](const Module& m) { return m.path == "[vdso]"; }));
}

TEST_CASE("memory is read up to a hole, and no further") {
  const ProcessImage image = process::look_at_process(getpid());
  const std::string text = "what stands here";
  std::string copy(text.size(), ' ');
  CHECK(image.read(reinterpret_cast<uint64_t>(text.data()), copy.data(), copy.size()));
  CHECK(copy == text);
  char byte = 0;
  CHECK(image.read_some(16, &byte, 1) == 0);
  CHECK(image.mapping_of(16) == nullptr);
}

TEST_CASE("a thread inside a system call says which, without being stopped") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
  }
  ProcessImage image;
  do {
    image = process::look_at_process(child);
  } while (!image.threads.front().in_system_call || image.threads.front().system_call != SYS_read);
  CHECK(image.threads.front().arguments[0] == static_cast<uint64_t>(ends[0]));
  CHECK(image.threads.front().has_registers);
  CHECK_FALSE(image.threads.front().registers.whole);
  CHECK(image.module_of(image.threads.front().registers[Registers::rip]) != nullptr);
  CHECK(write(ends[1], "x", 1) == 1);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_THROWS_AS(process::look_at_process(child), Error);
  close(ends[0]);
  close(ends[1]);
}
