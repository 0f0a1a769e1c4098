#include "cli/top/table.h"

#include <doctest/doctest.h>

using namespace track::top;

namespace {

Table three() {
  Table table;
  table.columns = {{"ID", 9, true}, {"NAME", 8}, {"WIDE", 8, true, 60}, {"WHERE"}};
  const auto row = [](double id, const char* name, const char* where) {
    Row one;
    one.key = name;
    one.cells = {{std::to_string(static_cast<int>(id)), id}, {name}, {"9", 9}, {where}};
    return one;
  };
  table.rows = {row(9, "beta", "Read net.cc:4"), row(10, "alpha", "wait pool.cc:9"),
                row(2, "a-very-long-name", "main")};
  return table;
}

std::string keys(const Table& table) {
  std::string all;
  for (const Row& row : table.rows) all += row.key.substr(0, 5) + " ";
  return all;
}

}  // namespace

TEST_CASE("numbers sort as numbers, largest first; text from a to z") {
  Table table = three();
  sort_rows(table, {0, false});
  CHECK(keys(table) == "alpha beta a-ver ");
  sort_rows(table, {0, true});
  CHECK(keys(table) == "a-ver beta alpha ");
  sort_rows(table, {1, false});
  CHECK(keys(table) == "a-ver alpha beta ");
  table = three();
  sort_rows(table, {});
  CHECK(keys(table) == "beta alpha a-ver ");
}

TEST_CASE("a filter looks into every column, whatever the case") {
  Table table = three();
  filter_rows(table, "rEAD");
  CHECK(keys(table) == "beta ");
  filter_rows(table, "nothing");
  CHECK(table.rows.empty());
  table = three();
  filter_rows(table, "");
  CHECK(table.rows.size() == 3);
}

TEST_CASE("columns are as wide as what is in them, within the screen") {
  const Table table = three();
  const std::vector<size_t> narrow = column_widths(table, 40);
  CHECK(narrow == std::vector<size_t>{3, 8, 0, 14});
  CHECK(row_line(table, narrow, table.rows[2]) == "  2  a-very..  main");
  CHECK(title_line(table, narrow, {0, false}) == "vID  NAME      WHERE");
  CHECK(title_line(table, narrow, {1, true}) == " ID  NAMEv     WHERE");
  CHECK(column_widths(table, 80)[2] == 5);
  // What has no room is not there at all.
  CHECK(column_widths(table, 8) == std::vector<size_t>{3, 3, 0, 0});
  CHECK(column_widths(table, 1) == std::vector<size_t>{1, 0, 0, 0});
}
