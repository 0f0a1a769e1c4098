// dump_fuzz: damaged dumps, read and printed by everything that prints.
//   dump_fuzz ROUNDS SEED
// Bytes of a good dump are changed: anywhere, in the directory, or inside a section that is then
// packed again, with checksums made right so that the damage arrives where it hurts. Whatever comes
// out is either refused with a track::Error or judged and printed. Exit 0: nothing else happened.
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "cli/analyze/growth.h"
#include "cli/analyze/judge.h"
#include "cli/model/dump_layout.h"
#include "cli/model/error.h"
#include "cli/read/dump.h"
#include "cli/write/dump.h"
#include "cli/write/json.h"
#include "cli/write/tasks.h"
#include "cli/write/text.h"
#include "tests/support/dump_processes.h"

namespace {

using namespace track;
using dump::DumpHeader;
using dump::DumpSection;

std::mt19937_64 g_random;
uint64_t g_refused, g_damaged, g_whole;

uint64_t below(uint64_t limit) {
  return limit == 0 ? 0 : g_random() % limit;
}

uint32_t checksum(uint32_t from, const void* bytes, size_t count) {
  return static_cast<uint32_t>(crc32_z(from, static_cast<const unsigned char*>(bytes), count));
}

void change(std::string& bytes, size_t from, size_t to) {
  static constexpr uint8_t kNasty[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe};
  if (from >= to) return;
  for (uint64_t n = 1 + below(4); n > 0; --n) {
    char& byte = bytes[from + below(to - from)];
    byte = static_cast<char>(below(2) == 0 ? kNasty[below(sizeof kNasty)]
                                           : static_cast<uint8_t>(byte) ^ 1u << below(8));
  }
}

struct File {
  DumpHeader header;
  std::vector<DumpSection> directory;
  std::vector<std::string> sections;  // as stored

  explicit File(const std::string& bytes) {
    std::memcpy(&header, bytes.data(), sizeof header);
    directory.resize(header.sections);
    std::memcpy(directory.data(), bytes.data() + sizeof header,
                directory.size() * sizeof(DumpSection));
    for (const DumpSection& section : directory)
      sections.push_back(bytes.substr(section.offset, section.stored_bytes));
  }

  // With offsets, sizes and checksums as they should be.
  std::string bytes() {
    uint64_t offset = sizeof header + directory.size() * sizeof(DumpSection);
    for (size_t i = 0; i < directory.size(); ++i) {
      directory[i].offset = offset;
      directory[i].stored_bytes = sections[i].size();
      directory[i].checksum = checksum(0, sections[i].data(), sections[i].size());
      offset += sections[i].size();
    }
    std::string result = sealed();
    for (const std::string& section : sections) result += section;
    return result;
  }

  std::string sealed() {
    const size_t bytes = directory.size() * sizeof(DumpSection);
    header.sections = static_cast<uint32_t>(directory.size());
    header.checksum = 0;
    header.checksum = checksum(checksum(0, &header, sizeof header), directory.data(), bytes);
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
           std::string(reinterpret_cast<const char*>(directory.data()), bytes);
  }

  void change_inside(size_t index) {
    std::string raw(directory[index].bytes, '\0');
    ZSTD_decompress(raw.data(), raw.size(), sections[index].data(), sections[index].size());
    if (below(4) == 0)
      raw.resize(below(raw.size() + 1));
    else
      change(raw, 0, raw.size());
    std::string packed(ZSTD_compressBound(raw.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
    sections[index] = packed;
    directory[index].bytes = raw.size();
  }
};

std::string damaged(const std::string& good) {
  File file(good);
  std::string bytes = good;
  switch (below(4)) {
    case 0:  // anywhere, checksums left as they were
      change(bytes, 0, bytes.size());
      if (below(3) == 0) bytes.resize(below(bytes.size() + 1));
      return bytes;
    case 1: {  // the directory lies
      std::string directory(reinterpret_cast<const char*>(file.directory.data()),
                            file.directory.size() * sizeof(DumpSection));
      change(directory, 0, directory.size());
      std::memcpy(file.directory.data(), directory.data(), directory.size());
      const std::string head = file.sealed();
      return head + bytes.substr(head.size());
    }
    default:  // a table lies
      for (uint64_t n = 1 + below(3); n > 0; --n) file.change_inside(below(file.sections.size()));
      return file.bytes();
  }
}

// Everything that a verb would do with it.
void use(std::vector<Loaded> all) {
  Report report;
  std::vector<const ProcessReport*> looks;
  for (Loaded& loaded : all) {
    ProcessReport& process = loaded.report;
    process.findings = analyze::judge(process.trace, process.symbols, std::move(loaded.deadlocks),
                                      loaded.fixpoint);
    report.processes.push_back(std::move(process));
  }
  for (const ProcessReport& process : report.processes) looks.push_back(&process);
  analyze::find_growth(looks);
  write::text_report(report, {});
  write::json_report(report);
  write::TaskFilter tree;
  tree.tree = true;
  write::text_tasks(report.processes, tree, {});
  write::json_tasks(report.processes, {});
}

void round(const std::string& good) {
  const std::string bytes = damaged(good);
  std::vector<Loaded> all;
  try {
    all = read::read_dump(read::Bytes::memory(std::as_bytes(std::span(bytes))), "fuzzed");
  } catch (const Error&) {
    ++g_refused;
    return;
  }
  bool whole = true;
  for (const Loaded& loaded : all) whole = whole && !loaded.dump.damaged;
  ++(whole ? g_whole : g_damaged);
  use(std::move(all));
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t rounds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000;
  g_random.seed(count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1);
  const std::string good = write::dump_bytes({test::everything(), test::everything()}, 1);
  for (uint64_t i = 0; i < rounds; ++i) round(good);
  std::printf("%llu rounds: %llu refused, %llu read in part, %llu read whole\n",
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(g_refused),
              static_cast<unsigned long long>(g_damaged), static_cast<unsigned long long>(g_whole));
  // A run in which all were refused has tested little.
  return rounds < 100 || (g_refused != 0 && g_damaged != 0 && g_whole != 0) ? 0 : 1;
}
