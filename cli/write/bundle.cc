#include "cli/write/bundle.h"

#include <cstring>

#include "cli/write/gzip.h"
#include "cli/write/json_parts.h"

namespace track::write {
namespace {
constexpr char kMagic[] = "TRKVIEW1";

std::string directory_of(const Bundle& bundle, uint64_t start) {
  Json sections = Json::array();
  uint64_t offset = start;
  for (const BundleSection& section : bundle.sections) {
    sections.push_back({{"name", section.name},
                        {"offset", offset},
                        {"bytes", section.packed.size()},
                        {"raw_bytes", section.raw_bytes}});
    offset += section.packed.size();
  }
  return Json{{"schema", 1}, {"sections", std::move(sections)}}.dump();
}

}  // namespace

void Bundle::add(std::string name, const std::string& raw) {
  sections.push_back({std::move(name), gzipped(raw), raw.size()});
}

const BundleSection* Bundle::find(const std::string& name) const {
  for (const BundleSection& section : sections)
    if (section.name == name) return &section;
  return nullptr;
}

std::string bundle_bytes(const Bundle& bundle) {
  const size_t head = sizeof kMagic - 1 + sizeof(uint32_t);
  // Offsets have as many digits as they have: the directory's length and what it says of itself
  // settle together. It is padded, so that one more digit does not matter.
  constexpr size_t kRound = 4096;
  std::string directory = directory_of(bundle, 0);
  const size_t room = (directory.size() + 24 * bundle.sections.size()) / kRound * kRound + kRound;
  directory = directory_of(bundle, head + room);
  directory.resize(room, ' ');
  const auto length = static_cast<uint32_t>(room);
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += directory;
  for (const BundleSection& section : bundle.sections) bytes += section.packed;
  return bytes;
}

}  // namespace track::write
