#include "cli/process/class_names.h"

#include <cctype>
#include <cstring>

namespace track::process {
namespace {

bool read_word(const ImageMemory& memory, uint64_t address, uint64_t& word) {
  return memory.read_some(address, &word, sizeof word) == sizeof word;
}

// type_info, or a class derived from it that describes classes.
bool describes_class(const std::string& symbol) {
  constexpr const char* kTables[] = {"_ZTVN10__cxxabiv117__class_type_infoE",
                                     "_ZTVN10__cxxabiv120__si_class_type_infoE",
                                     "_ZTVN10__cxxabiv121__vmi_class_type_infoE"};
  for (const char* table : kTables)
    if (symbol.compare(0, std::strlen(table), table) == 0) return true;
  return false;
}

std::string text_at(const ImageMemory& memory, uint64_t address) {
  constexpr size_t kLongest = 4096;
  char text[kLongest];
  const size_t bytes = memory.read_some(address, text, sizeof text);
  const void* end = std::memchr(text, 0, bytes);
  return end == nullptr ? std::string() : std::string(text);
}

}  // namespace

// Before the first function of a table: how far the object begins before this part of it (nothing,
// for the head of a complete one), and its type_info: {table, name}.
std::string class_of_table(const ImageMemory& memory, uint64_t table,
                           const FunctionLookup& symbols) {
  uint64_t to_top = 0, info = 0, own_table = 0, name = 0;
  if (table % 8 != 0 || table < 4096 || table >> 47 != 0) return {};
  if (!read_word(memory, table - 16, to_top) || to_top != 0 ||
      !read_word(memory, table - 8, info) || info % 8 != 0 || info < 4096 ||
      !read_word(memory, info, own_table) || !read_word(memory, info + 8, name))
    return {};
  if (!describes_class(symbols(own_table))) return {};
  std::string text = text_at(memory, name);
  if (!text.empty() && text.front() == '*') text.erase(0, 1);
  if (text.empty() || (std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
                       text.front() != 'N' && text.front() != 'S' && text.front() != 'Z'))
    return {};
  return text;
}

}  // namespace track::process
