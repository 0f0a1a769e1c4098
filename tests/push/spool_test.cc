#include "cli/push/spool.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "cli/model/error.h"

using namespace track;
using namespace track::push;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/spool-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::vector<std::string> drained(Spool& spool, size_t most = 100) {
  std::vector<std::string> all;
  spool.drain([&](const std::string& bytes) {
    if (all.size() == most) return false;
    all.push_back(bytes);
    return true;
  });
  return all;
}

}  // namespace

TEST_CASE("what was put first goes first, and once; what was not taken stays") {
  const Folder folder;
  Spool spool(folder / "a/b", 1000);
  CHECK(spool.empty());
  for (const char* text : {"one", "two", "three"}) spool.put(text);
  CHECK(spool.size() == 3);
  CHECK(drained(spool, 1) == std::vector<std::string>{"one"});
  // Another run of the command.
  Spool later(folder / "a/b", 1000);
  later.put("four");
  CHECK(drained(later) == std::vector<std::string>{"two", "three", "four"});
  CHECK(spool.empty());
}

TEST_CASE("the oldest make room") {
  const Folder folder;
  Spool spool(folder / "s", 10);
  for (const char* text : {"1234", "5678", "90ab"}) spool.put(text);
  CHECK(spool.dropped() == 1);
  CHECK(drained(spool) == std::vector<std::string>{"5678", "90ab"});
  spool.put("too much for all of it");
  CHECK(spool.dropped() == 2);
  CHECK(spool.empty());
}

TEST_CASE("what cannot be read is removed, and counted") {
  const Folder folder;
  Spool spool(folder / "s", 1000);
  spool.put("bad");
  spool.put("good");
  size_t good = 0;
  CHECK(spool.drain([&](const std::string& bytes) {
    if (bytes == "bad") throw Error("damaged");
    ++good;
    return true;
  }));
  CHECK(good == 1);
  CHECK(spool.damaged() == 1);
  CHECK(spool.empty());
}

TEST_CASE("two do not send the same") {
  const Folder folder;
  Spool one(folder / "s", 1000), other(folder / "s", 1000);
  one.put("x");
  bool inside = true;
  CHECK(one.drain([&](const std::string&) {
    inside = other.drain([](const std::string&) { return true; });
    return true;
  }));
  CHECK_FALSE(inside);
}

TEST_CASE("a directory that others may read is refused, and so is a link") {
  const Folder folder;
  REQUIRE(mkdir((folder / "open").c_str(), 0755) == 0);
  CHECK_THROWS_AS(Spool(folder / "open", 1), Error);
  std::filesystem::create_directory_symlink(folder / "open", folder / "link");
  CHECK_THROWS_AS(Spool(folder / "link", 1), Error);
  CHECK(default_spool("http://h:1", "a") != default_spool("http://h:1", "b"));
}
