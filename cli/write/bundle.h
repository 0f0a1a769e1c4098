// What the viewer is given: named sections, each a gzip member. As a file (TRKVIEW1), inside of one
// HTML page (write/html.h), or one at a time by `track serve`. viewer/README.md says what is in
// each section and how the columns are laid out.
//
// A file: "TRKVIEW1", u32 length of the directory, the directory
// {"schema":1,"sections":[{"name","offset","bytes","raw_bytes"}]}, then the members.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace track::write {

struct BundleSection {
  std::string name;    // [a-z0-9._-]+
  std::string packed;  // a gzip member
  uint64_t raw_bytes = 0;
};

struct Bundle {
  std::vector<BundleSection> sections;

  void add(std::string name, const std::string& raw);
  const BundleSection* find(const std::string& name) const;
};

std::string bundle_bytes(const Bundle& bundle);

}  // namespace track::write
