// Core files written from a held child, and what may be wrong with one.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/stacks.h"
#include "cli/process/untracked.h"
#include "tests/support/children.h"
#include "tests/support/core_builder.h"
#include "tests/support/sleeping_child.h"

using namespace track;

namespace {

// A child that sleeps in read, held for a moment.
ProcessImage image_of(const test::SleepingChild& child) {
  for (;;) {
    ProcessImage image = process::stop_process(child.pid());
    if (image.threads.front().in_system_call) return image;
  }
}

bool any_contains(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

const std::vector<uint64_t>& addresses_of_main(const Trace& trace) {
  return trace.stacks.at(trace.threads.at(0).running_at).addresses;
}

struct Fixture {
  test::TemporaryDirectory directory;
  test::SleepingChild child;
  ProcessImage image = image_of(child);
  std::string path = directory.path() + "/core";

  void write(const std::string& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a core says what the live process said") {
  for (const bool with_code : {true, false}) {
    test::CoreBuilder(image, with_code).write(path);
    REQUIRE(process::is_core(path));
    ProcessImage core = process::read_core(path);
    CHECK(core.pid == child.pid());
    CHECK(core.program == image.program);
    CHECK(core.command_line == std::vector<std::string>{"server", "--port", "80"});
    CHECK(core.missing.empty());
    REQUIRE(core.threads.size() == 1);
    CHECK(core.threads[0].registers.values == image.threads[0].registers.values);
    CHECK(core.threads[0].fs_base == image.threads[0].fs_base);
    REQUIRE(core.modules.size() == image.modules.size());
    for (size_t i = 0; i < core.modules.size(); ++i) {
      CHECK(core.modules[i].path == image.modules[i].path);
      CHECK(core.modules[i].build_id == image.modules[i].build_id);
      CHECK(core.modules[i].base == image.modules[i].base);
    }
    const Trace live = process::trace_of(image), trace = process::trace_of(core);
    CHECK(addresses_of_main(trace) == addresses_of_main(live));
    CHECK_FALSE(trace.stacks.at(trace.threads[0].running_at).truncated);
    CHECK(trace.threads[0].wait.kind == WaitKind::read);
    CHECK(trace.gone);
  }
}

TEST_CASE_FIXTURE(Fixture, "a core cut short gives what is left, and says what is not") {
  test::CoreBuilder builder(image, true);
  const std::string all = builder.bytes();
  write(all.substr(0, all.size() / 2));
  CHECK(any_contains(process::read_core(path).missing, "cut short"));
  // Wherever the cut is: an image or one clear error, never more than that.
  for (size_t size = 1; size < all.size(); size = size * 3 / 2 + 1) {
    write(all.substr(0, size));
    try {
      ProcessImage core = process::read_core(path);
      CHECK(process::trace_of(core).threads.size() == core.threads.size());
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(path) != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "bytes that make no sense are survived") {
  const std::string all = test::CoreBuilder(image, false).bytes();
  const size_t notes_end = std::min<size_t>(all.size(), 8192);
  for (size_t at = 0; at < notes_end; at += 97) {
    std::string damaged = all;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    write(damaged);
    try {
      ProcessImage core = process::read_core(path);
      CHECK(process::trace_of(core).threads.size() == core.threads.size());
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(path) != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "another machine, no threads, no core: each has its own message") {
  test::CoreBuilder builder(image, false);
  builder.machine = EM_AARCH64;
  builder.write(path);
  CHECK_THROWS_WITH_AS(process::read_core(path), doctest::Contains("another machine"), Error);
  test::CoreBuilder empty(image, false);
  empty.with_threads = false;
  empty.write(path);
  CHECK_THROWS_WITH_AS(process::read_core(path), doctest::Contains("no threads"), Error);
  CHECK_FALSE(process::is_core(image.program));
  CHECK_THROWS_WITH_AS(process::read_core(image.program), doctest::Contains("no core file"), Error);
  CHECK_THROWS_AS(process::read_core("/etc/passwd"), Error);
  CHECK_THROWS_AS(process::read_core(directory.path() + "/none"), Error);
}

TEST_CASE_FIXTURE(Fixture, "a program that is another build by now is not used") {
  const std::string root = directory.path();
  for (const Module& module : image.modules) {
    if (module.path.front() != '/') continue;
    std::filesystem::create_directories(root +
                                        std::filesystem::path(module.path).parent_path().string());
    // In this root, libc lies where the program should be.
    for (const Module& other : image.modules)
      if (module.path == image.program && other.path.find("libc.so") != std::string::npos)
        std::filesystem::copy_file(other.path, root + module.path);
    if (module.path != image.program) std::filesystem::copy_file(module.path, root + module.path);
  }
  test::CoreBuilder(image, false).write(path);
  ProcessImage core = process::read_core(path, root);
  CHECK(any_contains(core.missing, "another build"));
  const Trace trace = process::trace_of(core);
  CHECK(trace.stacks.at(trace.threads[0].running_at).truncated);
}

TEST_CASE_FIXTURE(Fixture, "the signal that ended it is known") {
  test::CoreBuilder builder(image, false);
  builder.signal = 11;
  builder.write(path);
  ProcessImage core = process::read_core(path);
  CHECK(process::trace_of(core).end == ProcessEnd::killed);
  CHECK(process::trace_of(core).signal == 11);
}
