#include "cli/top/table.h"

#include <algorithm>
#include <cctype>

#include "cli/top/cells.h"

namespace track::top {
namespace {

constexpr size_t kGap = 2;

std::string lower(const std::string& text) {
  std::string result = text;
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string line_of(const Table& table, const std::vector<size_t>& widths,
                    const std::function<std::string(size_t)>& text_of) {
  std::string line;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (widths[i] == 0) continue;
    if (!line.empty()) line.append(kGap, ' ');
    line += in_columns(text_of(i), widths[i], table.columns[i].number);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

void sort_rows(Table& table, const Order& order) {
  if (order.column >= 0 && static_cast<size_t>(order.column) < table.columns.size()) {
    const auto at = static_cast<size_t>(order.column);
    const bool number = table.columns[at].number;
    std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
      return number ? a.cells[at].number > b.cells[at].number : a.cells[at].text < b.cells[at].text;
    });
  }
  if (order.reversed) std::reverse(table.rows.begin(), table.rows.end());
}

void filter_rows(Table& table, const std::string& filter) {
  if (filter.empty()) return;
  const std::string wanted = lower(filter);
  std::erase_if(table.rows, [&](const Row& row) {
    return std::none_of(row.cells.begin(), row.cells.end(), [&](const Cell& cell) {
      return lower(cell.text).find(wanted) != std::string::npos;
    });
  });
}

std::vector<size_t> column_widths(const Table& table, size_t screen) {
  std::vector<size_t> widths(table.columns.size());
  size_t taken = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.from_width > screen) continue;
    // The mark of the order has room beside the title.
    size_t width = column.title.size() + 1;
    for (const Row& row : table.rows) width = std::max(width, columns_of(row.cells[i].text));
    if (column.most != 0) width = std::min(width, std::max(column.most, column.title.size() + 1));
    const size_t before = taken + (taken == 0 ? 0 : kGap);
    if (before >= screen) break;
    widths[i] = std::min(width, screen - before);
    taken = before + widths[i];
  }
  return widths;
}

std::string title_line(const Table& table, const std::vector<size_t>& widths, const Order& order) {
  return line_of(table, widths, [&](size_t i) {
    const Column& column = table.columns[i];
    if (static_cast<int>(i) != order.column) return column.title;
    const char* mark = column.number != order.reversed ? "v" : "^";
    return column.number ? mark + column.title : column.title + mark;
  });
}

std::string row_line(const Table& table, const std::vector<size_t>& widths, const Row& row) {
  return line_of(table, widths, [&](size_t i) { return row.cells[i].text; });
}

}  // namespace track::top
