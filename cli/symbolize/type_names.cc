#include "cli/symbolize/type_names.h"

#include <string_view>
#include <vector>

#include "cli/symbolize/demangle.h"

namespace track::symbolize {
namespace {

constexpr size_t kLong = 48;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// The arguments between the `<` at `open` and its `>`, and where that stands; npos = none.
std::vector<std::string> arguments(const std::string& text, size_t open, size_t& close) {
  std::vector<std::string> found;
  int depth = 0;
  size_t from = open + 1;
  for (size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '(') ++depth;
    if ((c == '>' && text[i - 1] != '-') || c == ')') --depth;
    if ((c == ',' && depth == 1) || (c == '>' && depth == 0)) {
      while (from < i && text[from] == ' ') ++from;
      std::string one = text.substr(from, i - from);
      while (!one.empty() && one.back() == ' ') one.pop_back();
      found.push_back(std::move(one));
      from = i + 1;
    }
    if (depth == 0) {
      close = i;
      return found;
    }
  }
  close = std::string::npos;
  return {};
}

bool added_by_library(const std::string& argument) {
  constexpr std::string_view kAdded[] = {"std::allocator<",      "std::less<",
                                         "std::char_traits<",    "std::default_delete<",
                                         "std::equal_to<",       "std::hash<",
                                         "std::deque<",          "(__gnu_cxx::_Lock_policy)",
                                         "__gnu_cxx::_S_atomic", "__gnu_cxx::_Lock_policy"};
  for (const std::string_view added : kAdded)
    if (argument.compare(0, added.size(), added) == 0) return true;
  return false;
}

// The name that ends there.
bool of_library(const std::string& text, size_t end) {
  const size_t before = text.find_last_of(" <,(*&", end == 0 ? 0 : end - 1);
  const size_t start = before == std::string::npos ? 0 : before + 1;
  return text.compare(start, 5, "std::") == 0;
}

// Of the library's templates the last arguments that it adds itself.
void drop_defaults(std::string& name) {
  for (size_t at = name.find('<'); at != std::string::npos; at = name.find('<', at + 1)) {
    size_t close = 0;
    std::vector<std::string> all = arguments(name, at, close);
    if (close == std::string::npos) return;
    if (!of_library(name, at)) continue;
    while (all.size() > 1 && added_by_library(all.back())) all.pop_back();
    std::string inside;
    for (const std::string& one : all) inside += (inside.empty() ? "" : ", ") + one;
    name.replace(at + 1, close - at - 1, inside);
  }
}

std::string without_arguments(const std::string& name) {
  std::string result;
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<' && depth++ == 0) result += "<...>";
    if (depth == 0) result += name[i];
    if (name[i] == '>' && (i == 0 || name[i - 1] != '-') && depth > 0) --depth;
  }
  return result;
}

bool starts(const std::string& text, std::string_view with) {
  return text.compare(0, with.size(), with) == 0;
}

}  // namespace

std::string tidy_type(std::string name) {
  replace_all(name, "std::__cxx11::", "std::");
  replace_all(name, "(anonymous namespace)::", "");
  replace_all(name, " *", "*");  // as clang writes pointers
  replace_all(name, " &", "&");
  replace_all(name, " >", ">");
  replace_all(name, "std::basic_string<char, std::char_traits<char>, std::allocator<char>>",
              "std::string");
  drop_defaults(name);
  replace_all(name, "std::basic_string<char>", "std::string");
  return name.size() > kLong ? without_arguments(name) : name;
}

ClassName class_name(const std::string& mangled) {
  // As a type alone has no symbol, its std::type_info's is read.
  constexpr std::string_view kInfo = "typeinfo for ";
  std::string name = demangle("_ZTI" + mangled);
  if (!starts(name, kInfo)) return {};
  name.erase(0, kInfo.size());
  constexpr std::string_view kInPlace = "std::_Sp_counted_ptr_inplace<",
                             kPointer = "std::_Sp_counted_ptr<",
                             kDeleter = "std::_Sp_counted_deleter<";
  for (const std::string_view kind : {kInPlace, kPointer, kDeleter}) {
    if (!starts(name, kind)) continue;
    size_t close = 0;
    const std::vector<std::string> all = arguments(name, kind.size() - 1, close);
    if (all.empty()) return {};
    // Only the first kind holds the object itself.
    if (kind != kInPlace) return {"reference count of a " + tidy_type(all.front()), false, true};
    if (starts(all.front(), "std::__future_base::")) return {"std::future's state", true, true};
    return {tidy_type(all.front()), true, true};
  }
  const bool alone = starts(name, "std::thread::_State_impl<");
  return {alone ? "start of a std::thread" : tidy_type(name), false, alone};
}

}  // namespace track::symbolize
