#include "cli/process/named_functions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "cli/process/image.h"
#include "tests/support/sleeping_child.h"

using namespace track;

namespace {

// In this program's constants; what is asked for is spelled backwards, so that asking is not
// naming.
const char* volatile named[] = {"named_for_dlsym_only", "prefix_of_longer_name_asked", "zq7",
                                "xzq8"};

std::string backwards(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

TEST_CASE("a function is named by any string of a module, wherever that is") {
  const test::SleepingChild child;
  const ProcessImage image = process::look_at_process(child.pid());
  const std::string whole = backwards("ylno_mysld_rof_deman"),
                    tail = backwards("deksa_eman_regnol"), absent = backwards("erehwyna_deman_ton"),
                    brief = backwards("7qz"), part = backwards("8qz");
  const std::vector<std::string_view> asked = {whole, tail, absent, brief, part};
  const auto found = process::named_functions(image, asked);
  CHECK(named[0] != nullptr);
  REQUIRE(found.count(whole) == 1);
  CHECK(found.at(whole) == image.program);
  CHECK(found.count(tail) == 1);  // a linker keeps one copy of a common ending
  CHECK(found.count(absent) == 0);
  CHECK(found.count(brief) == 1);
  CHECK(found.count(part) == 0);  // too short to be believed as an ending
  CHECK(process::named_functions(image, asked) == found);
  const std::vector<std::string_view> other = {absent, whole};
  CHECK(process::named_functions(image, other).count(whole) == 1);

  // What cannot be read is not remembered as naming nothing.
  ProcessImage unreadable = image;
  unreadable.memory = nullptr;
  const std::vector<std::string_view> again = {tail, whole};
  CHECK(process::named_functions(unreadable, again).empty());
  CHECK(process::named_functions(image, again).size() == 2);
}
