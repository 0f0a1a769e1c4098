// A section of the viewer that is columns of numbers: a JSON header, then each column, as
// viewer/src/bundle/columns.ts reads them. Little endian, columns 8-aligned, wider ones with their
// bytes transposed (all lowest bytes first), which gzip packs to half.
#pragma once

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace track::write {

static_assert(std::endian::native == std::endian::little);

class ViewColumns {
 public:
  void add(const char* name, const std::vector<uint8_t>& values) { put(name, "u8", values); }
  void add(const char* name, const std::vector<uint16_t>& values) { put(name, "u16", values); }
  void add(const char* name, const std::vector<uint32_t>& values) { put(name, "u32", values); }
  void add(const char* name, const std::vector<int32_t>& values) { put(name, "i32", values); }
  void add(const char* name, const std::vector<double>& values) { put(name, "f64", values); }

  // extra: what the header says beside its columns; an object.
  std::string bytes(nlohmann::ordered_json extra = nlohmann::ordered_json::object()) const;

 private:
  template <class T>
  void put(const char* name, const char* type, const std::vector<T>& values) {
    append(name, type, values.size(), sizeof(T), reinterpret_cast<const char*>(values.data()));
  }
  void append(const char* name, const char* type, size_t count, size_t width, const char* values);

  nlohmann::ordered_json list_ = nlohmann::ordered_json::array();
  std::string data_;
};

}  // namespace track::write
