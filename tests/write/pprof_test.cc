#include "cli/write/pprof.h"

#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <map>
#include <protozero/pbf_message.hpp>

#include "cli/model/error.h"
#include "cli/model/pprof_fields.h"
#include "cli/read/pprof.h"
#include "tests/support/sample_profile.h"

using namespace track;
using namespace track::pprof;
using protozero::pbf_message;

namespace {

std::string unpacked(const std::string& bytes) {
  std::string result(size_t{1} << 20, 0);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  return result;
}

// The submessages of one field, and the texts.
struct Parsed {
  explicit Parsed(const Profile& profile) : bytes(unpacked(write::pprof_bytes(profile))) {
    pbf_message<FileField> file(bytes);
    while (file.next()) {
      if (file.tag() == FileField::string_table)
        texts.push_back(file.get_string());
      else if (file.wire_type() == protozero::pbf_wire_type::varint)
        numbers[file.tag()] = file.get_int64();
      else
        parts[file.tag()].push_back(file.get_view());
    }
  }
  template <class Field>
  static std::map<Field, int64_t> fields(protozero::data_view view) {
    std::map<Field, int64_t> result;
    pbf_message<Field> message(view);
    while (message.next())
      if (message.wire_type() == protozero::pbf_wire_type::varint)
        result[message.tag()] = message.get_int64();
      else
        message.skip();
    return result;
  }
  std::string bytes;
  std::vector<std::string> texts;
  std::map<FileField, int64_t> numbers;
  std::map<FileField, std::vector<protozero::data_view>> parts;
};

struct TemporaryFile {
  explicit TemporaryFile(const std::string& bytes)
      : path("/tmp/track_pprof_test." + std::to_string(getpid())) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { unlink(path.c_str()); }
  std::string path;
};

}  // namespace

TEST_CASE("a pprof file has what its readers must find, and what makes them useful") {
  Parsed file(test::sample_profile());
  CHECK(file.texts.at(0).empty());
  const auto text = [&](FileField field) {
    return file.texts.at(static_cast<size_t>(file.numbers.at(field)));
  };
  CHECK(text(FileField::default_sample_type) == "inuse_space");
  CHECK(text(FileField::drop_frames).find("track::") == 0);
  CHECK(file.numbers.at(FileField::time_nanos) == 1'700'000'000'000'000'000);
  CHECK(file.numbers.at(FileField::duration_nanos) == 5'000'000'000);
  CHECK(file.numbers.at(FileField::period) == 1);
  CHECK(file.parts.at(FileField::period_type).size() == 1);
  CHECK(file.parts.at(FileField::sample_type).size() == 2);
  CHECK(file.parts.at(FileField::sample).size() == 3);
  CHECK(file.parts.at(FileField::comment).size() == 1);
}

TEST_CASE("a module of which only half has names is two mappings, the program is the first") {
  Parsed file(test::sample_profile());
  const auto& mappings = file.parts.at(FileField::mapping);
  REQUIRE(mappings.size() == 3);
  std::vector<std::string> seen;
  for (const auto view : mappings) {
    auto fields = Parsed::fields<MappingField>(view);
    const int64_t all = fields[MappingField::has_functions] + fields[MappingField::has_filenames] +
                        fields[MappingField::has_line_numbers];
    CHECK(all % 3 == 0);
    seen.push_back(file.texts.at(static_cast<size_t>(fields[MappingField::filename])) +
                   (all == 3 ? " named" : ""));
  }
  CHECK(seen ==
        std::vector<std::string>{"/bin/server named", "/lib/libx.so named", "/lib/libx.so"});
  auto named = Parsed::fields<MappingField>(mappings[1]),
       other = Parsed::fields<MappingField>(mappings[2]);
  // Else a reader that merges profiles makes them one again.
  CHECK(named[MappingField::memory_limit] != other[MappingField::memory_limit]);
}

TEST_CASE(
    "functions have a readable and a mangled name; a name that is not mangled poses as none") {
  Parsed file(test::sample_profile());
  std::map<std::string, std::string> names;
  for (const auto view : file.parts.at(FileField::function)) {
    auto fields = Parsed::fields<FunctionField>(view);
    names[file.texts.at(static_cast<size_t>(fields[FunctionField::name]))] =
        file.texts.at(static_cast<size_t>(fields[FunctionField::system_name]));
  }
  CHECK(names == std::map<std::string, std::string>{{"Pool::grow", "_ZN4Pool4growEi"},
                                                    {"main", "main"},
                                                    {"x_run", "x_run"},
                                                    {"session", "session"},
                                                    {"(created by)", ""}});
}

TEST_CASE("addresses are those of the calls, and lines without code have none") {
  Parsed file(test::sample_profile());
  const auto& locations = file.parts.at(FileField::location);
  REQUIRE(locations.size() == 6);
  CHECK(Parsed::fields<LocationField>(locations[0])[LocationField::address] == 0x400100);
  CHECK(Parsed::fields<LocationField>(locations[3]).count(LocationField::mapping_id) == 0);
  CHECK(Parsed::fields<LocationField>(locations[4]).count(LocationField::address) == 0);
}

TEST_CASE("what is written is read again as it was") {
  const Profile before = test::sample_profile();
  const TemporaryFile file(write::pprof_bytes(before));
  CHECK(read::is_pprof(file.path));
  const Profile after = read::read_pprof(file.path);
  CHECK(after.value_types == before.value_types);
  CHECK(after.shown == before.shown);
  CHECK(after.time_ns == before.time_ns);
  CHECK(after.duration_ns == before.duration_ns);
  CHECK(after.comments == before.comments);
  REQUIRE(after.samples.size() == before.samples.size());
  for (size_t i = 0; i < after.samples.size(); ++i) {
    CHECK(after.samples[i].stack == before.samples[i].stack);
    CHECK(after.samples[i].values == before.samples[i].values);
    CHECK(after.samples[i].labels == before.samples[i].labels);
  }
  REQUIRE(after.locations.size() == before.locations.size());
  CHECK(after.locations[0].address == before.locations[0].address);
  CHECK(after.locations[0].offset == before.locations[0].offset);
  REQUIRE(after.locations[0].frames.size() == 2);
  CHECK(after.locations[0].frames[0].line == 7);
  CHECK(after.locations[0].frames[0].linkage_name == "_ZN4Pool4growEi");
}

TEST_CASE("an empty profile is a file, too") {
  Profile profile = test::sample_profile();
  profile.samples.clear();
  profile.locations.clear();
  const TemporaryFile file(write::pprof_bytes(profile));
  CHECK(read::read_pprof(file.path).samples.empty());
}

TEST_CASE("a file that is cut off, or damaged anywhere, is an error or another profile, no crash") {
  const std::string whole = unpacked(write::pprof_bytes(test::sample_profile()));
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const std::string& bytes :
         {whole.substr(0, i),
          whole.substr(0, i) + static_cast<char>(~whole[i]) + whole.substr(i + 1)}) {
      const TemporaryFile file(bytes);
      try {
        const Profile profile = read::read_pprof(file.path);
        for (const ProfileSample& sample : profile.samples)
          for (const uint32_t location : sample.stack) CHECK(location < profile.locations.size());
      } catch (const Error& error) {
        CHECK(std::string(error.what()).find(file.path) != std::string::npos);
      }
    }
  }
  const std::string packed = write::pprof_bytes(test::sample_profile());
  const TemporaryFile file(packed.substr(0, packed.size() / 2));
  CHECK_THROWS_AS(read::read_pprof(file.path), Error);
}
