// The file that `track dump` writes: what a process looked like at one instant and what was proved
// of it then, so that every verb says the same of it on a machine with neither the process nor its
// binaries nor their debug files.
//
// What is kept are the facts that the analyses start from, not the findings: the trace, the names
// of every address in it, and the proofs (cycles that two looks confirmed, the fixpoint of marking
// with its doubts), which need a living process. Rules, suppressions and --fail-on are applied when
// the dump is read, by the same code as to a live process.
//
//   DumpHeader | DumpSection x sections | the sections, each one zstd frame
//
// The directory stands in front, so that of a file that was cut off everything before the cut can
// be read. Checksums are zlib's crc32: one over header (its own field as 0) and directory, one over
// each section as stored. A section, unpacked, is a table of columns: see write/dump_columns.h.
// Numbers are little endian. The layout of the tables is dump_fields.h; a dump of another version
// or layout is refused, never guessed at.
#pragma once

#include <cstddef>
#include <cstdint>

namespace track::dump {

inline constexpr char kMagic[8] = {'T', 'R', 'K', 'D', 'U', 'M', 'P', '\n'};
inline constexpr uint32_t kVersion = 2;  // of the container; the tables have their own: layout

struct DumpHeader {
  char magic[8] = {};
  uint32_t version = kVersion;
  uint32_t sections = 0;
  uint64_t layout = 0;  // of the tables: dump_fields.h
  uint64_t taken_realtime_ns = 0;
  uint64_t file_bytes = 0;
  uint32_t checksum = 0;
  uint32_t unused = 0;
};

// What is in a section; one of each for every process.
enum class Part : uint32_t {
  process = 1,
  threads,
  coroutines,
  fibers,
  stacks,
  modules,
  functions,
  await_points,
  memory,
  code,
  names,
  proofs,
  contention,
  history,
};
inline constexpr uint32_t kParts = 14;

struct DumpSection {
  Part part{};
  uint32_t process = 0;  // which one of the dump, from 0 on
  uint64_t offset = 0;   // in the file
  uint64_t stored_bytes = 0;
  uint64_t bytes = 0;  // unpacked
  uint32_t checksum = 0;
  uint32_t unused = 0;
};

static_assert(sizeof(DumpHeader) == 48 && sizeof(DumpSection) == 40);

// No dump is worth more memory than this: a small file must not claim a large machine.
inline constexpr uint32_t kMostSections = 1u << 16;
inline constexpr uint64_t kLargestSection = uint64_t{1} << 30;  // unpacked
inline constexpr uint64_t kLargestTrace = uint64_t{1} << 30;    // in memory, and
inline constexpr uint64_t kLargestTracePerByte = 64;            // for each byte
inline constexpr uint32_t kLongestText = 1u << 20;

const char* part_name(Part part);  // "threads"

}  // namespace track::dump
