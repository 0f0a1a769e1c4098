// dump_search DUMP TEXT: how often the text stands in the dump's sections, unpacked, and how many
// of the words of memory that it keeps hold a piece of four bytes of it. "N in sections, M in
// words".
#include <zstd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/model/dump_layout.h"
#include "cli/read/dump.h"

namespace {

size_t occurrences(const std::string& in, const std::string& text) {
  size_t found = 0;
  for (size_t at = in.find(text); at != std::string::npos; at = in.find(text, at + 1)) ++found;
  return found;
}

bool holds_piece(uint64_t word, const std::string& text) {
  for (int shift = 0; shift <= 32; shift += 8) {
    char piece[4];
    const auto half = static_cast<uint32_t>(word >> shift);
    std::memcpy(piece, &half, sizeof piece);
    if (text.find(std::string(piece, sizeof piece)) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace track;
  if (count != 3) return std::fprintf(stderr, "usage: dump_search DUMP TEXT\n"), 2;
  const std::string text = arguments[2];
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  dump::DumpHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<dump::DumpSection> sections(header.sections);
  std::memcpy(sections.data(), bytes.data() + sizeof header,
              sections.size() * sizeof(dump::DumpSection));
  size_t raw = occurrences(bytes, text), words = 0;
  for (const dump::DumpSection& section : sections) {
    std::string unpacked(section.bytes, 0);
    const size_t size = ZSTD_decompress(unpacked.data(), unpacked.size(),
                                        bytes.data() + section.offset, section.stored_bytes);
    if (ZSTD_isError(size) || size != section.bytes) return 2;
    raw += occurrences(unpacked, text);
  }
  for (const Loaded& loaded : read::read_dump(arguments[1])) {
    for (const auto& [address, word] : loaded.report.trace.memory) words += holds_piece(word, text);
    for (const auto& way : loaded.fixpoint.retentions)
      for (const RetentionStep& step : way)
        words += holds_piece(step.head, text) + holds_piece(step.target, text);
  }
  std::printf("%zu in sections, %zu in words\n", raw, words);
  return 0;
}
