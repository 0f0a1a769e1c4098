// Fixture programs: compiled here and now with given flags in a fresh directory, run, and what
// they report about themselves read back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cli/model/frame.h"

namespace track::symbolize::testing {

// Removed with everything in it on destruction.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Runs a shell command; the test fails with its output when it does.
void shell(const std::string& command);
bool have(const std::string& program);

// "g++ -O2 -g" + sources from fixtures/ -> output. Other arguments go into `flags`.
void compile(const std::string& compiler_and_flags, const std::string& source,
             const std::string& output, const std::string& more = "");

struct Reported {
  uint64_t address = 0;
  std::vector<uint32_t> lines;  // innermost first
};

// A coroutine that was left suspended.
struct ReportedFrame {
  uint64_t address = 0, resume = 0, destroy = 0;
  std::string kind;  // "initial", "await", "final"
  uint32_t line = 0;
  std::vector<uint8_t> bytes;
};

struct Report {
  std::vector<Module> modules;  // with the build-ids of the files as they are now
  std::map<std::string, Reported> addresses;
  std::vector<ReportedFrame> frames;
};

Report run_fixture(const std::string& program);

// The build-id of an ELF file, lower-case hex; empty when it has none.
std::string build_id_of(const std::string& path);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

}  // namespace track::symbolize::testing
