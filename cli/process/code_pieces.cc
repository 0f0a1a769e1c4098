#include "cli/process/code_pieces.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace track::process {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kCall = "\x0f\x05\xc3"sv;
// Both ways to load 15: what comes before the system call itself.
constexpr std::array kBack = {"\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"sv,
                              "\xb8\x0f\x00\x00\x00\x0f\x05"sv};
constexpr uint64_t kMostRead = 64 << 20;  // of one mapping

uint64_t place_of(std::string_view piece, std::string_view code, uint64_t start) {
  const size_t at = code.find(piece);
  return at == std::string_view::npos ? 0 : start + at;
}

void look(const Mapping& mapping, const ImageMemory& memory, CodePieces& pieces) {
  std::string code(std::min(mapping.end - mapping.start, kMostRead), '\0');
  code.resize(memory.read_some(mapping.start, code.data(), code.size()));
  if (pieces.call == 0) pieces.call = place_of(kCall, code, mapping.start);
  for (const std::string_view back : kBack)
    if (pieces.back == 0) pieces.back = place_of(back, code, mapping.start);
}

bool stands_at(std::string_view piece, uint64_t address, const ImageMemory& memory) {
  std::string code(piece.size(), '\0');
  return memory.read_some(address, code.data(), code.size()) == piece.size() && code == piece;
}

}  // namespace

CodePieces find_code_pieces(const std::vector<Mapping>& mappings, const ImageMemory& memory) {
  CodePieces pieces;
  for (const bool in_libc : {true, false})
    for (const Mapping& mapping : mappings) {
      if (pieces.found()) return pieces;
      // Code that a program makes while it runs may be gone a moment later.
      const bool lasting = mapping.inode != 0 || mapping.path == "[vdso]";
      const bool libc = mapping.path.find("/libc.so") != std::string::npos;
      if (mapping.executable && mapping.readable && !mapping.writable && lasting && libc == in_libc)
        look(mapping, memory, pieces);
    }
  return pieces;
}

bool still_there(const CodePieces& pieces, const ImageMemory& memory) {
  return pieces.found() && stands_at(kCall, pieces.call, memory) &&
         std::any_of(kBack.begin(), kBack.end(),
                     [&](std::string_view back) { return stands_at(back, pieces.back, memory); });
}

}  // namespace track::process
