#include "cli/read/dump_columns.h"

#include "cli/model/error.h"

namespace track::read {
namespace {

// Safe to print: what cannot be seen becomes '?'.
std::string clean(const std::byte* bytes, size_t count) {
  std::string text(reinterpret_cast<const char*>(bytes), count);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

}  // namespace

void MemoryBudget::take(uint64_t bytes) {
  if (bytes > left_) throw Error("it claims more memory than a dump of its size can be worth");
  left_ -= bytes;
}

void ColumnReader::damaged(const std::string& what) {
  throw Error(what);
}

uint64_t ColumnReader::groups(Column& column) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (column.at == column.end) damaged("a column ends too early");
    const auto group = static_cast<uint64_t>(*column.at++);
    value |= (group & 0x7f) << shift;
    if (group < 0x80) return value;
  }
  damaged("a number does not end");
}

ColumnReader::ColumnReader(std::span<const std::byte> bytes, size_t columns, MemoryBudget& budget)
    : budget_(budget) {
  Column all{bytes.data(), bytes.data() + bytes.size()};
  const auto left = [&] { return static_cast<uint64_t>(all.end - all.at); };
  const uint64_t texts = groups(all);
  if (texts > left()) damaged("it has more texts than bytes");
  budget_.take(texts * sizeof(std::string));
  texts_.reserve(texts);
  for (uint64_t i = 0; i < texts; ++i) {
    const uint64_t length = groups(all);
    if (length > left() || length > dump::kLongestText) damaged("a text is too long");
    budget_.take(length);
    texts_.push_back(clean(all.at, length));
    all.at += length;
  }
  if (groups(all) != columns) damaged("it has another number of columns");
  std::vector<uint64_t> sizes;
  for (size_t i = 0; i < columns; ++i) sizes.push_back(groups(all));
  for (const uint64_t size : sizes) {
    if (size > left()) damaged("a column is cut short");
    columns_.push_back({all.at, all.at + size});
    all.at += size;
  }
  if (left() != 0) damaged("bytes are left over");
}

uint64_t ColumnReader::get_number() {
  Column& column = columns_[at_++];
  const uint64_t zigzag = groups(column);
  column.last += zigzag >> 1 ^ (0 - (zigzag & 1));
  return column.last;
}

void ColumnReader::get(std::string& text) {
  const uint64_t number = get_number();
  if (number >= texts_.size()) damaged("a text is missing");
  budget_.take(texts_[number].size());
  text = texts_[number];
}

void ColumnReader::finish() const {
  for (const Column& column : columns_)
    if (column.at != column.end) damaged("values are left over");
}

}  // namespace track::read
