#include "cli/symbolize/type_names.h"

#include <doctest/doctest.h>

using track::symbolize::class_name;
using track::symbolize::tidy_type;

TEST_CASE("types are written without what the C++ library adds to them") {
  CHECK(tidy_type("std::vector<Session*, std::allocator<Session*> >") == "std::vector<Session*>");
  CHECK(tidy_type("std::vector<Session *, std::allocator<Session *> >") == "std::vector<Session*>");
  CHECK(tidy_type("std::unique_ptr<app::Session, std::default_delete<app::Session> >") ==
        "std::unique_ptr<app::Session>");
  CHECK(tidy_type("std::map<int, std::shared_ptr<Slot>, std::less<int>, "
                  "std::allocator<std::pair<int const, std::shared_ptr<Slot> > > >") ==
        "std::map<int, std::shared_ptr<Slot>>");
  CHECK(tidy_type("std::__cxx11::basic_string<char, std::char_traits<char>, "
                  "std::allocator<char> >") == "std::string");
  CHECK(tidy_type("(anonymous namespace)::Gate") == "Gate");
  CHECK(tidy_type("Plain") == "Plain");
}

TEST_CASE("arguments of the program's own templates stay, unless the name is long") {
  CHECK(tidy_type("Pool<std::less<int>, 3>") == "Pool<std::less<int>, 3>");
  CHECK(tidy_type("app::Sorted<int, std::less<int> >") == "app::Sorted<int, std::less<int>>");
  CHECK(tidy_type("very_long_name_of_a_program::Pool<with::a_long_argument, and::another> []") ==
        "very_long_name_of_a_program::Pool<...> []");
}

TEST_CASE("damaged names of types do no harm") {
  for (const char* name : {"", "<", ">", "a<", "a<b", "a<(b", "std::vector<,>", "a>b<c", "<<<>"})
    CHECK(tidy_type(name).size() < 32);
}

TEST_CASE("a class is told as its std::type_info says") {
  CHECK(class_name("7Session").name == "Session");
  CHECK(class_name("N3app7SessionE").name == "app::Session");
  CHECK_FALSE(class_name("7Session").shared);
  const auto shared =
      class_name("St23_Sp_counted_ptr_inplaceI4SlotSaIvELN9__gnu_cxx12_Lock_policyE2EE");
  CHECK(shared.name == "Slot");
  CHECK(shared.shared);
  const auto counts = class_name("St15_Sp_counted_ptrIP4SlotLN9__gnu_cxx12_Lock_policyE2EE");
  CHECK(counts.name == "reference count of a Slot*");
  CHECK_FALSE(counts.shared);
  CHECK(class_name("7Sess").name.empty());
  CHECK(class_name("").name.empty());
}
