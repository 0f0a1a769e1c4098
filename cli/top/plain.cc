#include "cli/top/plain.h"

#include "cli/model/words.h"
#include "cli/top/cells.h"

namespace track::top {
namespace {

// Columns that a narrow screen leaves out are there too, and the last one is never cut.
constexpr size_t kWide = 1000;

}  // namespace

std::string plain_text(const std::string& title, Table table, const Order& order,
                       const write::TextOptions& options) {
  write::Page page(options);
  for (Row& row : table.rows)
    for (Cell& cell : row.cells) cell.text = shown(cell.text, true);
  sort_rows(table, order);
  page.line(page.ink(write::Ink::bold, title + " (" + grouped(table.rows.size()) + ")"));
  if (table.rows.empty()) page.line("  " + table.empty);
  const std::vector<size_t> widths = column_widths(table, kWide);
  if (!table.rows.empty()) page.line(page.ink(write::Ink::dim, title_line(table, widths, order)));
  for (const Row& row : table.rows) page.line(page.ink(row.ink, row_line(table, widths, row)));
  return page.take();
}

}  // namespace track::top
