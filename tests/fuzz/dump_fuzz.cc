// Dumps: what `track leaks F` reads. Mutants change a table, which is then packed again, or the
// directory, with checksums made right so that the damage arrives where it hurts. An input of
// another layout is read as one of today's, so that the corpus lasts.
#include <zlib.h>
#include <zstd.h>

#include <cstring>

#include "cli/model/dump_fields.h"
#include "cli/model/dump_layout.h"
#include "cli/read/dump.h"
#include "cli/write/dump.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/dump_processes.h"

namespace track::fuzz {
namespace {

using dump::DumpHeader;
using dump::DumpSection;

constexpr uint64_t kMostUnpacked = 1 << 20;  // that a mutant is made of

uint32_t checksum(uint32_t from, const void* bytes, size_t count) {
  return static_cast<uint32_t>(crc32_z(from, static_cast<const unsigned char*>(bytes), count));
}

struct File {
  DumpHeader header;
  std::vector<DumpSection> directory;
  std::vector<std::string> sections;  // as stored

  // False: they are not even nearly a dump.
  bool parse(const std::string& bytes) {
    if (bytes.size() < sizeof header) return false;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.sections == 0 || header.sections > 1000 ||
        bytes.size() - sizeof header < header.sections * sizeof(DumpSection))
      return false;
    directory.resize(header.sections);
    std::memcpy(directory.data(), bytes.data() + sizeof header,
                directory.size() * sizeof(DumpSection));
    for (const DumpSection& section : directory) {
      if (section.offset > bytes.size() || section.bytes > kMostUnpacked) return false;
      sections.push_back(bytes.substr(section.offset, section.stored_bytes));
    }
    return true;
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
    if (ZSTD_isError(ZSTD_decompress(raw.data(), raw.size(), sections[index].data(),
                                     sections[index].size())))
      return;
    const size_t size = raw.size();
    raw.resize(size + 256);
    raw.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(raw.data()), size, raw.size()));
    std::string packed(ZSTD_compressBound(raw.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
    sections[index] = packed;
    directory[index].bytes = raw.size();
  }
};

std::string with_today_s_layout(std::string bytes) {
  DumpHeader header;
  if (bytes.size() < sizeof header) return bytes;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.layout == dump::layout()) return bytes;
  File file;
  if (!file.parse(bytes)) return bytes;
  file.header.layout = dump::layout();
  const std::string head = file.sealed();
  return head + bytes.substr(head.size());
}

}  // namespace

std::vector<std::string> seeds() {
  return {write::dump_bytes({test::everything()}, 1),
          write::dump_bytes({test::everything(), test::everything()}, 1)};
}

}  // namespace track::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  using namespace track::fuzz;
  const std::string before(reinterpret_cast<const char*>(data), size);
  File file;
  if (seed % 8 == 0 || !file.parse(before)) return LLVMFuzzerMutate(data, size, most);
  std::string after;
  if (seed % 8 == 1) {  // the directory lies
    auto* directory = reinterpret_cast<uint8_t*>(file.directory.data());
    mutate_part(directory, 0, file.directory.size() * sizeof(DumpSection));
    after = file.sealed();
    if (after.size() < before.size()) after += before.substr(after.size());
  } else {
    for (unsigned n = 0; n <= seed / 8 % 3; ++n)
      file.change_inside((seed / 32 + n * 7) % file.sections.size());
    after = file.bytes();
  }
  if (after.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, after.data(), after.size());
  return after.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  const std::string bytes =
      fuzz::with_today_s_layout(std::string(reinterpret_cast<const char*>(data), size));
  fuzz::allow_refusal([&] {
    fuzz::use_loaded(
        read::read_dump(read::Bytes::memory(std::as_bytes(std::span(bytes))), "fuzzed"), data,
        size);
  });
  return 0;
}
