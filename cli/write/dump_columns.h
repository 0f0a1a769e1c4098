// Tables of a dump as columns of small differences: each number is written as what it adds to the
// last one of its column, zigzag and in groups of seven bits, so that a million alike coroutines
// are a few bytes each before any compression. Texts are numbers of a pool.
//
//   pool: count, { length, bytes }; columns: count, { bytes }; then the columns one after the other
//
// A list is its length in one column and its elements in those that follow.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "cli/model/dump_fields.h"

namespace track::write {

class ColumnWriter {
 public:
  explicit ColumnWriter(size_t columns) : columns_(columns) {}

  template <dump::Number T>
  void put(T value) {
    put_number(static_cast<uint64_t>(value));
  }
  void put(const std::string& text) { put_number(text_number(text)); }
  template <class... T>
  void put(const std::tuple<T...>& values) {
    std::apply([this](const auto&... value) { (this->put(value), ...); }, values);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put_list<T>(list, [](const T& element) -> const T& { return element; });
  }
  template <class T>
  void put(const std::set<T>& list) {
    put_list<T>(list, [](const T& element) -> const T& { return element; });
  }
  template <class K, class V>
  void put(const std::map<K, V>& map) {
    put_list<std::tuple<K, V>>(map, [](const auto& e) { return std::tie(e.first, e.second); });
  }
  // Sorted, so that neighbours are alike and equal maps are equal files.
  template <class K, class V, class H>
  void put(const std::unordered_map<K, V, H>& map) {
    std::vector<const std::pair<const K, V>*> sorted;
    for (const auto& entry : map) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
      return dump::fields(a->first) < dump::fields(b->first);
    });
    put_list<std::tuple<K, V>>(sorted, [](const auto* e) { return std::tie(e->first, e->second); });
  }
  template <class T>
  requires requires(const T& value) { dump::fields(value); }
  void put(const T& value) { put(dump::fields(value)); }

  std::string take() const;

 private:
  struct Column {
    uint64_t last = 0;
    std::string bytes;
  };

  template <class Element, class List, class Of>
  void put_list(const List& list, Of of) {
    put_number(list.size());
    const size_t first = at_;
    for (const auto& element : list) {
      at_ = first;
      put(of(element));
    }
    at_ = first + dump::Shape<Element>::kColumns;
  }
  void put_number(uint64_t value);
  uint64_t text_number(const std::string& text);

  std::vector<Column> columns_;
  size_t at_ = 0;
  std::unordered_map<std::string, uint64_t> numbers_;
  std::vector<std::string> texts_;
};

}  // namespace track::write
