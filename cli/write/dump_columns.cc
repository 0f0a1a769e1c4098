#include "cli/write/dump_columns.h"

namespace track::write {
namespace {

void append_groups(std::string& to, uint64_t value) {
  while (value >= 0x80) {
    to += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  to += static_cast<char>(value);
}

}  // namespace

void ColumnWriter::put_number(uint64_t value) {
  Column& column = columns_[at_++];
  const uint64_t more = value - column.last;
  column.last = value;
  append_groups(column.bytes, more << 1 ^ (0 - (more >> 63)));
}

uint64_t ColumnWriter::text_number(const std::string& text) {
  const auto [entry, fresh] = numbers_.try_emplace(text, texts_.size());
  if (fresh) texts_.push_back(text.substr(0, dump::kLongestText));
  return entry->second;
}

std::string ColumnWriter::take() const {
  std::string all;
  append_groups(all, texts_.size());
  for (const std::string& text : texts_) {
    append_groups(all, text.size());
    all += text;
  }
  append_groups(all, columns_.size());
  for (const Column& column : columns_) append_groups(all, column.bytes.size());
  for (const Column& column : columns_) all += column.bytes;
  return all;
}

}  // namespace track::write
