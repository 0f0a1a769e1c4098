#include "cli/model/allocator_names.h"

#include <doctest/doctest.h>

#include <regex>

#include "cli/model/symbols.h"

using namespace track;

TEST_CASE("who only allocates is told by name, as pprof would tell it by pattern") {
  const std::regex pattern(allocator_pattern());
  for (const char* name :
       {"operator new(unsigned long)", "operator new[](unsigned long)",
        "std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
        "std::__new_allocator<int>::allocate(unsigned long, void const*)"}) {
    CHECK(allocator_function(short_function(name)));
    CHECK(std::regex_match(short_function(name), pattern));
  }
  // These run code of the program, or are its own.
  for (const char* name : {"std::vector<int>::push_back(int)", "std::make_shared<Session>()",
                           "Arena::operator new(unsigned long)", "my::allocate(int)"}) {
    CHECK(!allocator_function(short_function(name)));
    CHECK(!std::regex_match(short_function(name), pattern));
  }
}
