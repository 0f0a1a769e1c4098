// Names of types, as short as people say them. Pure functions, any thread.
#pragma once

#include <string>

namespace track::symbolize {

// Without what the C++ library adds by itself: "std::vector<int, std::allocator<int> >" ->
// "std::vector<int>", and without anonymous namespaces. A name that is still long loses its
// template arguments.
std::string tidy_type(std::string name);

// What std::type_info calls a class: "N3app7SessionE" -> "app::Session". Of the block that
// std::make_shared and its like made, what is shared. Empty: not understood.
struct ClassName {
  std::string name;
  bool shared = false;            // that stands behind the library's counts of references
  bool of_library_block = false;  // the library allocates these alone: the block is no more
};
ClassName class_name(const std::string& mangled);

}  // namespace track::symbolize
