#include "cli/read/dump.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "cli/model/dump_layout.h"
#include "cli/model/error.h"
#include "cli/read/dump_columns.h"

namespace track::read {
namespace {

using dump::DumpHeader;
using dump::DumpSection;

uint32_t checksum(uint32_t from, const void* bytes, size_t count) {
  return static_cast<uint32_t>(crc32_z(from, static_cast<const unsigned char*>(bytes), count));
}

class DumpFile {
 public:
  DumpFile(const Bytes& bytes, const std::string& source)
      : bytes_(bytes),
        source_(source),
        budget_(dump::kLargestTrace + dump::kLargestTracePerByte * bytes.size()) {}

  std::vector<Loaded> read() {
    read_header();
    read_directory();
    uint32_t processes = 0;
    for (const DumpSection& section : directory_)
      processes = std::max(processes, section.process + 1);
    std::vector<Loaded> all(processes);
    size_t parts = 0;
    for (uint32_t i = 0; i < processes; ++i) parts += read_process(i, all[i]);
    if (parts == 0) throw Error(source_ + ": nothing of this dump can be read; " + first_problem_);
    return all;
  }

 private:
  void read_header();
  void read_directory();
  size_t read_process(uint32_t process, Loaded& loaded);
  std::vector<std::byte> unpacked(const DumpSection& section) const;

  const Bytes& bytes_;
  const std::string& source_;
  MemoryBudget budget_;
  DumpHeader header_;
  std::vector<DumpSection> directory_;
  std::string first_problem_ = "it holds no process";
};

void DumpFile::read_header() {
  char magic[sizeof dump::kMagic] = {};
  if (!bytes_.read(0, magic, sizeof magic) || std::memcmp(magic, dump::kMagic, sizeof magic) != 0)
    throw Error(source_ + " is no dump of track");
  if (!bytes_.read(0, &header_, sizeof header_))
    throw Error(source_ + " is too short for a dump (" + std::to_string(bytes_.size()) +
                " bytes); it was cut off");
  if (header_.version != dump::kVersion)
    throw Error(source_ + " is a dump of format version " + std::to_string(header_.version) +
                "; this track reads version " + std::to_string(dump::kVersion) +
                ": use the track that wrote it");
  if (header_.layout != dump::layout())
    throw Error(source_ +
                " was written by another build of track, whose tables look different: "
                "use the track that wrote it");
}

void DumpFile::read_directory() {
  if (header_.sections > dump::kMostSections)
    throw Error(source_ + ": the dump's directory is damaged: it claims " +
                std::to_string(header_.sections) + " sections");
  directory_.resize(header_.sections);
  const size_t bytes = directory_.size() * sizeof(DumpSection);
  if (!bytes_.read(sizeof header_, directory_.data(), bytes))
    throw Error(source_ + ": the dump is cut off within its directory; write it again");
  DumpHeader header = header_;
  header.checksum = 0;
  if (checksum(checksum(0, &header, sizeof header), directory_.data(), bytes) != header_.checksum)
    throw Error(source_ + ": the dump's directory is damaged (checksum); nothing can be found");
  for (const DumpSection& section : directory_)
    if (section.process >= header_.sections)
      throw Error(source_ + ": the dump's directory is damaged: it names process " +
                  std::to_string(section.process));
}

std::vector<std::byte> DumpFile::unpacked(const DumpSection& section) const {
  if (section.offset > bytes_.size() || section.stored_bytes > bytes_.size() - section.offset)
    throw Error("the file was cut off before its end");
  if (section.bytes > dump::kLargestSection) throw Error("it claims more than a section may hold");
  std::vector<std::byte> stored(section.stored_bytes);
  if (!bytes_.read(section.offset, stored.data(), stored.size()))
    throw Error("it cannot be read from the file");
  if (checksum(0, stored.data(), stored.size()) != section.checksum)
    throw Error("its checksum is wrong");
  // Asked before any memory is taken for it: the frame must say the same size.
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != section.bytes)
    throw Error("its size is not what the directory says");
  std::vector<std::byte> raw(section.bytes);
  const size_t size = ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0)
    throw Error(std::string("it cannot be unpacked: ") + ZSTD_getErrorName(size));
  if (size != raw.size()) throw Error("its size is not what the directory says");
  return raw;
}

size_t DumpFile::read_process(uint32_t process, Loaded& loaded) {
  size_t good = 0;
  std::vector<std::pair<std::string, std::string>> problems;  // why, and what is left out
  const auto leave_out = [&](dump::Part part, const std::string& why) {
    const auto known = std::find_if(problems.begin(), problems.end(),
                                    [&](const auto& problem) { return problem.first == why; });
    if (known == problems.end())
      problems.emplace_back(why, dump::part_name(part));
    else
      known->second += std::string(", ") + dump::part_name(part);
  };
  dump::for_each_part(loaded, [&](dump::Part part, const auto& parts) {
    const auto section = std::find_if(directory_.begin(), directory_.end(), [&](const auto& s) {
      return s.process == process && s.part == part;
    });
    if (section == directory_.end()) return leave_out(part, "it is missing");
    try {
      budget_.take(section->bytes);
      const std::vector<std::byte> raw = unpacked(*section);
      ColumnReader columns(raw, dump::Shape<std::remove_cvref_t<decltype(parts)>>::kColumns,
                           budget_);
      columns.get(parts);
      columns.finish();
      ++good;
    } catch (const Error& error) {
      // Half of a table would be a wrong answer.
      std::apply([](auto&... table) { ((table = {}), ...); }, parts);
      leave_out(part, error.what());
    }
  });
  Trace& trace = loaded.report.trace;
  if (trace.stacks.empty()) trace.stacks.emplace_back();
  if (trace.functions.empty()) trace.functions.emplace_back();
  for (const auto& [why, what] : problems)
    trace.warnings.push_back("of the dump is left out: " + what + " (" + why + ")");
  if (!problems.empty() && good == 0) first_problem_ = problems.front().first;
  if (trace.source.empty()) trace.source = source_;
  loaded.dump.damaged = !problems.empty();
  loaded.dump.path = source_;
  loaded.dump.file_bytes = bytes_.size();
  loaded.dump.taken_realtime_ns = header_.taken_realtime_ns;
  return good;
}

}  // namespace

bool is_dump(const std::string& path) {
  char magic[sizeof dump::kMagic] = {};
  try {
    return Bytes::file(path).read(0, magic, sizeof magic) &&
           std::memcmp(magic, dump::kMagic, sizeof magic) == 0;
  } catch (const Error&) {
    return false;
  }
}

std::vector<Loaded> read_dump(const Bytes& bytes, const std::string& source) {
  return DumpFile(bytes, source).read();
}

std::vector<Loaded> read_dump(const std::string& path) {
  return read_dump(Bytes::file(path), path);
}

}  // namespace track::read
