#include "cli/model/allocator_names.h"

#include <algorithm>
#include <array>

namespace track {
namespace {

constexpr std::array kNames = {"operator new",
                               "operator new[]",
                               "std::__new_allocator::allocate",
                               "__gnu_cxx::new_allocator::allocate",
                               "std::allocator::allocate",
                               "std::allocator_traits::allocate",
                               "__gnu_cxx::__alloc_traits::allocate",
                               "std::__allocate_guarded",
                               "std::_Vector_base::_M_allocate",
                               "std::_Vector_base::_M_create_storage",
                               "std::_Vector_base::_Vector_base",
                               "std::_List_base::_M_get_node",
                               "std::__cxx11::_List_base::_M_get_node",
                               "std::_Fwd_list_base::_M_get_node",
                               "std::_Rb_tree::_M_get_node",
                               "std::_Deque_base::_M_allocate_node",
                               "std::_Deque_base::_M_allocate_map",
                               "std::__detail::_Hashtable_alloc::_M_allocate_buckets",
                               "std::_Hashtable::_M_allocate_buckets",
                               "std::__cxx11::basic_string::_M_create"};

}  // namespace

bool allocator_function(const std::string& short_name) {
  return std::find(kNames.begin(), kNames.end(), short_name) != kNames.end();
}

std::string allocator_pattern() {
  std::string pattern;
  for (const char* name : kNames) {
    if (!pattern.empty()) pattern += '|';
    for (const char* c = name; *c != 0; ++c) {
      if (*c == '[' || *c == ']') pattern += '\\';
      pattern += *c;
    }
  }
  return pattern;
}

}  // namespace track
