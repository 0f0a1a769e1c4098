// What is left when a module's file is stripped, gone, replaced, or no file at all.
#include "cli/symbolize/module_symbols.h"

#include <doctest/doctest.h>

#include <string>

#include "cli/symbolize/symbolizer.h"
#include "tests/symbolize/fixture.h"

using namespace track;
using namespace track::symbolize;
using namespace track::symbolize::testing;

namespace {

bool any_note_has(const Symbolizer& symbolizer, const std::string& words) {
  for (const std::string& note : symbolizer.notes()) {
    if (note.find(words) != std::string::npos) return true;
  }
  return false;
}

Report library_report(const TempDirectory& directory, const std::string& flags) {
  compile("g++ -O2 -g -shared -fPIC " + flags, "library.cc", directory / "liblibrary.so");
  compile("g++ -O2 -g", "library_user.cc", directory / "user",
          "-L" + directory.path().string() + " -llibrary -Wl,-rpath," + directory.path().string());
  return run_fixture(directory / "user");
}

}  // namespace

TEST_CASE("a stripped module gives its exported names, and nothing for the rest") {
  TempDirectory directory;
  library_report(directory, "");
  shell("strip --strip-all " + (directory / "liblibrary.so"));
  const Report report = run_fixture(directory / "user");
  Symbolizer symbolizer(report.modules);
  const Location entry = symbolizer.resolve(report.addresses.at("entry").address + 1, 0, true);
  REQUIRE(entry.frames.size() == 1);
  CHECK(entry.frames[0].function == "library_entry");
  CHECK(entry.frames[0].line == 0);
  const Location hidden =
      symbolizer.resolve(report.addresses.at("hidden_entry").address + 1, 0, true);
  CHECK(hidden.frames.empty());
  CHECK(hidden.module >= 0);
  CHECK(hidden.offset != 0);
  CHECK(any_note_has(symbolizer, "liblibrary.so: stripped, no debug file"));
}

TEST_CASE("a module built without -g gives names without lines") {
  TempDirectory directory;
  const Report report = library_report(directory, "-g0");
  Symbolizer symbolizer(report.modules);
  const Location hidden =
      symbolizer.resolve(report.addresses.at("hidden_entry").address + 1, 0, true);
  REQUIRE(hidden.frames.size() == 1);
  CHECK(hidden.frames[0].function == "hidden_part");
  CHECK(hidden.frames[0].line == 0);
  CHECK(any_note_has(symbolizer, "liblibrary.so: no debug information"));
}

TEST_CASE("a file rebuilt since it was loaded gives no names") {
  TempDirectory directory;
  const Report report = library_report(directory, "");
  compile("g++ -O0 -g -shared -fPIC", "library.cc", directory / "liblibrary.so");
  Symbolizer symbolizer(report.modules);
  const uint64_t entry = report.addresses.at("entry").address;
  CHECK(symbolizer.resolve(entry + 1, 0, true).frames.empty());
  CHECK_FALSE(symbolizer.symbol_at(entry));
  CHECK(any_note_has(symbolizer, "liblibrary.so: build-id on disk differs"));
  CHECK(symbolizer.notes().size() == 1);
}

TEST_CASE("a deleted file gives no names unless the same one is back") {
  TempDirectory directory;
  Report report = library_report(directory, "");
  const uint64_t entry = report.addresses.at("entry").address;
  for (Module& module : report.modules) {
    if (module.path.ends_with("liblibrary.so")) module.path += " (deleted)";
  }
  CHECK(Symbolizer(report.modules).resolve(entry + 1, 0, true).frames.size() == 1);
  std::filesystem::remove(directory / "liblibrary.so");
  Symbolizer symbolizer(report.modules);
  CHECK(symbolizer.resolve(entry + 1, 0, true).frames.empty());
  CHECK(any_note_has(symbolizer, "deleted since it was loaded"));
}

TEST_CASE("the vdso goes by its name and other things that are no files by none") {
  Module vdso, heap;
  vdso.path = "[vdso]";
  vdso.start = 0x1000;
  vdso.end = 0x2000;
  heap.path = "[heap]";
  heap.start = 0x2000;
  heap.end = 0x3000;
  Symbolizer symbolizer({vdso, heap});
  const Location in_vdso = symbolizer.resolve(0x1800, 0, true);
  REQUIRE(in_vdso.frames.size() == 1);
  CHECK(in_vdso.frames[0].function == "[vdso]");
  CHECK(symbolizer.resolve(0x2800, 0, true).frames.empty());
  CHECK(symbolizer.notes().empty());
}

TEST_CASE("a device, a directory and a file of another kind are refused with a note") {
  TempDirectory directory;
  write_file(directory / "text", "not a program\n");
  for (const std::string& path : {std::string("/dev/zero"), directory.path().string(),
                                  directory / "text", directory / "absent"}) {
    CAPTURE(path);
    Module module;
    module.path = path;
    module.end = 0x1000;
    Symbolizer symbolizer({module});
    CHECK(symbolizer.resolve(0x800, 0, true).frames.empty());
    CHECK(symbolizer.notes().size() == 1);
  }
}
