// Rows and columns, which a person sorts and filters.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/write/page.h"

namespace track::top {

struct Column {
  std::string title;
  size_t most = 0;        // columns of the screen at most; 0: what is left (the last one)
  bool number = false;    // aligned right, the largest first when sorted by it
  size_t from_width = 0;  // of the screen; on a narrower one it is left out
};

struct Cell {
  std::string text;
  double number = 0;
};

struct Row {
  std::string key;  // the same at the next look
  std::vector<Cell> cells;
  write::Ink ink = write::Ink::plain;
  std::function<void(write::Page&)> detail;  // all there is to say of it
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::string empty;  // what to say when there is none
};

struct Order {
  int column = -1;  // -1: as they were found
  bool reversed = false;
};

void sort_rows(Table& table, const Order& order);
// Keeps those with a cell that contains it, whatever the case of letters.
void filter_rows(Table& table, const std::string& filter);

// Columns of the screen for each of the table's; 0: left out.
std::vector<size_t> column_widths(const Table& table, size_t screen);
// The titles, with a mark at the one that they are sorted by; and a row.
std::string title_line(const Table& table, const std::vector<size_t>& widths, const Order& order);
std::string row_line(const Table& table, const std::vector<size_t>& widths, const Row& row);

}  // namespace track::top
