// The tables of a dump (write/dump_columns.h) back into structures. Of bytes that make no sense the
// result is an Error, and never more memory than the budget allows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "cli/model/dump_fields.h"

namespace track::read {

// What a dump may still take of memory. Throws Error when it is used up.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes) : left_(bytes) {}
  void take(uint64_t bytes);

 private:
  uint64_t left_;
};

class ColumnReader {
 public:
  // bytes must outlive this. columns: how many there have to be.
  ColumnReader(std::span<const std::byte> bytes, size_t columns, MemoryBudget& budget);

  template <dump::Number T>
  void get(T& value) {
    const uint64_t number = get_number();
    value = static_cast<T>(number);
    if (static_cast<uint64_t>(value) != number) damaged("a number is too large for its place");
  }
  void get(std::string& text);
  template <class... T>
  void get(const std::tuple<T...>& values) {
    std::apply([this](auto&... value) { (this->get(value), ...); }, values);
  }
  template <class T>
  void get(std::vector<T>& list) {
    get_list<T>([&](size_t count) { list.reserve(count); },
                [&](T& element) { list.push_back(std::move(element)); });
  }
  template <class T>
  void get(std::set<T>& list) {
    get_list<T>([](size_t) {}, [&](T& element) { list.insert(std::move(element)); });
  }
  template <class K, class V>
  void get(std::map<K, V>& map) {
    get_map<K, V>(map);
  }
  template <class K, class V, class H>
  void get(std::unordered_map<K, V, H>& map) {
    get_map<K, V>(map);
  }
  template <class T>
  requires requires(T& value) { dump::fields(value); }
  void get(T& value) { get(dump::fields(value)); }

  // Throws Error when something was left over.
  void finish() const;

 private:
  struct Column {
    const std::byte* at = nullptr;
    const std::byte* end = nullptr;
    uint64_t last = 0;
  };
  static constexpr uint64_t kNode = 64;  // what an element of a map or a set takes beside itself

  [[noreturn]] static void damaged(const std::string& what);

  template <class T, class Reserve, class Add>
  void get_list(Reserve reserve, Add add) {
    const uint64_t count = get_number();
    const size_t first = at_, past = first + dump::Shape<T>::kColumns;
    // Every element takes at least a byte of its first column.
    if (count > static_cast<uint64_t>(columns_[first].end - columns_[first].at))
      damaged("a list is longer than its section");
    budget_.take(count * (sizeof(T) + kNode));
    reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      T element{};
      at_ = first;
      get(element);
      add(element);
    }
    at_ = past;
  }
  template <class K, class V, class Map>
  void get_map(Map& map) {
    get_list<std::tuple<K, V>>([](size_t) {},
                               [&](std::tuple<K, V>& e) {
                                 map.emplace(std::move(std::get<0>(e)), std::move(std::get<1>(e)));
                               });
  }
  template <class... T>
  void get(std::tuple<T...>& values) {
    std::apply([this](auto&... value) { (this->get(value), ...); }, values);
  }
  static uint64_t groups(Column& column);
  uint64_t get_number();

  MemoryBudget& budget_;
  std::vector<std::string> texts_;
  std::vector<Column> columns_;
  size_t at_ = 0;
};

}  // namespace track::read
