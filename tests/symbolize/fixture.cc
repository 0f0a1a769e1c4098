#include "tests/symbolize/fixture.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/symbolize/elf_image.h"

namespace track::symbolize::testing {

TempDirectory::TempDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "symbolize_XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

std::string output_of(const std::string& command, int& status) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) {
    status = -1;
    return text;
  }
  char buffer[4096];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, got);
  }
  status = pclose(pipe);
  return text;
}

}  // namespace

void shell(const std::string& command) {
  int status = 0;
  const std::string output = output_of(command, status);
  INFO(command, "\n", output);
  REQUIRE(status == 0);
}

bool have(const std::string& program) {
  int status = 0;
  output_of("command -v " + program, status);
  return status == 0;
}

void compile(const std::string& compiler_and_flags, const std::string& source,
             const std::string& output, const std::string& more) {
  shell(compiler_and_flags + " -o " + output + " " + TRACK_FIXTURES + "/" + source + " " + more);
}

std::string build_id_of(const std::string& path) {
  const int fd = FileRoot("").open(path);
  std::string why;
  const auto image = fd < 0 ? nullptr : ElfImage::from_descriptor(fd, path, why);
  return image ? image->build_id() : "";
}

Report run_fixture(const std::string& program) {
  int status = 0;
  std::istringstream output(output_of(program, status));
  REQUIRE(status == 0);
  Report report;
  for (std::string line; std::getline(output, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "module") {
      Module module;
      words >> std::hex >> module.base >> module.start >> module.end >> module.path;
      if (module.path.empty()) module.path = program;
      module.build_id = build_id_of(module.path);
      report.modules.push_back(module);
    } else if (kind == "address") {
      std::string label;
      Reported reported;
      words >> label >> std::hex >> reported.address >> std::dec;
      for (uint32_t number; words >> number;) reported.lines.push_back(number);
      report.addresses[label] = reported;
    } else if (kind == "frame") {
      ReportedFrame frame;
      std::string bytes;
      words >> std::hex >> frame.address >> frame.resume >> frame.destroy >> std::dec >>
          frame.kind >> frame.line >> bytes;
      for (size_t i = 0; i + 1 < bytes.size(); i += 2)
        frame.bytes.push_back(static_cast<uint8_t>(std::stoul(bytes.substr(i, 2), nullptr, 16)));
      report.frames.push_back(std::move(frame));
    }
  }
  return report;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace track::symbolize::testing
