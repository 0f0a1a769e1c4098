#include "cli/read/dump_columns.h"

#include <doctest/doctest.h>

#include "cli/model/error.h"
#include "cli/write/dump_columns.h"

using namespace track;

namespace {

using Numbers = std::vector<uint64_t>;

std::string columns_of(const Numbers& numbers) {
  write::ColumnWriter columns(dump::Shape<Numbers>::kColumns);
  columns.put(numbers);
  return columns.take();
}

template <class T>
T read_back(const std::string& bytes, uint64_t budget_bytes = 1 << 20) {
  read::MemoryBudget budget(budget_bytes);
  read::ColumnReader columns(std::as_bytes(std::span(bytes)), dump::Shape<T>::kColumns, budget);
  T value{};
  columns.get(value);
  columns.finish();
  return value;
}

}  // namespace

TEST_CASE("numbers that grow by little take a byte each") {
  Numbers numbers;
  for (uint64_t i = 0; i < 1000; ++i) numbers.push_back(0x7f00'0000'0000 + i * 48);
  CHECK(columns_of(numbers).size() < 1000 + 20);
  CHECK(read_back<Numbers>(columns_of(numbers)) == numbers);
}

TEST_CASE("maps come back whole, whatever their order was") {
  std::unordered_map<CodeKey, Location, CodeKeyHash> code;
  for (uint64_t i = 0; i < 100; ++i)
    code[{i * 7919 % 1000, 0}] = {
        i, -1, i * 3, {{"f" + std::to_string(i), "", "a.cc", 7, 0, false}}};
  write::ColumnWriter columns(dump::Shape<decltype(code)>::kColumns);
  columns.put(code);
  const auto after = read_back<decltype(code)>(columns.take());
  REQUIRE(after.size() == code.size());
  for (const auto& [key, location] : code) {
    CHECK(after.at(key).module == -1);
    CHECK(after.at(key).offset == location.offset);
    CHECK(after.at(key).frames.at(0).function == location.frames[0].function);
  }
}

TEST_CASE("columns that do not fit what is read from them are an error") {
  const std::string bytes = columns_of({1, 2, 3});
  CHECK(read_back<Numbers>(bytes).size() == 3);
  CHECK_THROWS_AS(read_back<std::vector<uint8_t>>(columns_of({300})), Error);
  CHECK_THROWS_AS(read_back<uint64_t>(bytes), Error);
  CHECK_THROWS_AS((read_back<std::vector<Held>>(bytes)), Error);
  CHECK_THROWS_AS(read_back<std::vector<std::string>>(bytes), Error);
  CHECK_THROWS_AS(read_back<Numbers>(bytes + "x"), Error);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_THROWS_AS(read_back<Numbers>(bytes.substr(0, size)), Error);
}

TEST_CASE("values that are left over are an error") {
  // A list of two, with three in its column.
  const std::string bytes = {0, 2, 1, 3, 4, 2, 2, 2};
  CHECK_THROWS_WITH_AS(read_back<Numbers>(bytes), "values are left over", Error);
}

TEST_CASE("a list takes no more memory than the budget allows") {
  const std::string bytes = columns_of(Numbers(10'000));
  CHECK(read_back<Numbers>(bytes).size() == 10'000);
  CHECK_THROWS_AS(read_back<Numbers>(bytes, 100'000), Error);
}

TEST_CASE("a number that does not end is an error") {
  const std::string bytes = std::string({0, 1, 12}) + std::string(12, '\xff');
  CHECK_THROWS_AS(read_back<uint64_t>(bytes), Error);
}
