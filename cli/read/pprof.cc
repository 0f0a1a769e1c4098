#include "cli/read/pprof.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <protozero/pbf_message.hpp>
#include <unordered_map>

#include "cli/model/error.h"
#include "cli/model/pprof_fields.h"
#include "cli/read/dump_columns.h"

namespace track::read {
namespace {

using namespace pprof;
using protozero::data_view;
using protozero::pbf_wire_type;

// No file is worth more memory than this: unpacked, and as a profile. A few bytes may refer to a
// long name that the profile then holds once more.
constexpr size_t kMostBytes = size_t{512} << 20;
constexpr uint64_t kMostMemory = uint64_t{1} << 30;
constexpr uint64_t kMemoryPerByte = 256;

// A field of a damaged file may be of another kind than the format says: protozero asserts that it
// was asked first.
template <class Field>
class Message : public protozero::pbf_message<Field> {
  using Base = protozero::pbf_message<Field>;

 public:
  using Base::Base;
  uint64_t get_uint64() { return must_be(pbf_wire_type::varint), Base::get_uint64(); }
  int64_t get_int64() { return must_be(pbf_wire_type::varint), Base::get_int64(); }
  data_view get_view() { return must_be(pbf_wire_type::length_delimited), Base::get_view(); }
  std::string get_string() { return must_be(pbf_wire_type::length_delimited), Base::get_string(); }

 private:
  void must_be(pbf_wire_type type) const {
    if (this->wire_type() != type) throw Error("a field is of the wrong kind");
  }
};

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) throw Error("cannot read " + path);
  return bytes;
}

bool gzip_magic(const std::string& bytes) {
  return bytes.size() > 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

std::string inflated(const std::string& bytes, const std::string& path) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw Error("cannot unpack " + path + ": no memory");
  std::string result;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int status = Z_OK;
  while (status == Z_OK && result.size() < kMostBytes) {
    constexpr size_t kPiece = size_t{1} << 20;
    const size_t before = result.size();
    result.resize(before + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + before);
    stream.avail_out = static_cast<uInt>(kPiece);
    status = inflate(&stream, Z_NO_FLUSH);
    result.resize(before + kPiece - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw Error(path + " is cut off or damaged: it cannot be unpacked");
  return result;
}

// A repeated number is one field with all of them, or a field for each.
template <class Number, class Field>
void add_numbers(Message<Field>& message, std::vector<Number>& numbers) {
  if (message.wire_type() == pbf_wire_type::length_delimited) {
    for (const auto number : message.get_packed_uint64())
      numbers.push_back(static_cast<Number>(number));
  } else {
    numbers.push_back(static_cast<Number>(message.get_uint64()));
  }
}

class Reader {
 public:
  explicit Reader(data_view bytes)
      : bytes_(bytes),
        budget_(std::min<uint64_t>(kMostMemory, (64 << 10) + bytes.size() * kMemoryPerByte)) {}

  Profile take() {
    std::vector<int64_t> comments;
    int64_t shown = 0;
    // What refers to others may stand before them.
    std::vector<data_view> types, samples, locations, functions, mappings;
    data_view period_type;
    Message<FileField> file(bytes_);
    while (file.next()) switch (file.tag()) {
        case FileField::sample_type:
          types.push_back(file.get_view());
          break;
        case FileField::sample:
          samples.push_back(file.get_view());
          break;
        case FileField::mapping:
          mappings.push_back(file.get_view());
          break;
        case FileField::location:
          locations.push_back(file.get_view());
          break;
        case FileField::function:
          functions.push_back(file.get_view());
          break;
        case FileField::string_table:
          strings_.push_back(file.get_string());
          budget_.take(2 * sizeof(std::string));
          break;
        case FileField::time_nanos:
          profile_.time_ns = file.get_uint64();
          break;
        case FileField::duration_nanos:
          profile_.duration_ns = file.get_uint64();
          break;
        case FileField::period_type:
          period_type = file.get_view();
          break;
        case FileField::period:
          profile_.period = file.get_int64();
          break;
        case FileField::comment:
          add_numbers(file, comments);
          break;
        case FileField::default_sample_type:
          shown = file.get_int64();
          break;
        default:
          file.skip();
      }
    for (const data_view view : types) profile_.value_types.push_back(value_type(view));
    if (profile_.value_types.empty()) throw Error("it names no sample type");
    if (period_type.data() != nullptr) profile_.period_type = value_type(period_type);
    profile_.shown = profile_.value_types.size() - 1;
    for (size_t i = 0; shown != 0 && i < profile_.value_types.size(); ++i)
      if (profile_.value_types[i].type == text(shown)) profile_.shown = i;
    profile_.type = profile_.value_types[profile_.shown].type;
    for (const int64_t comment : comments) profile_.comments.push_back(text(comment));
    for (const data_view view : mappings) mapping(view);
    for (const data_view view : functions) function(view);
    for (const data_view view : locations) location(view);
    for (const data_view view : samples) sample(view);
    return std::move(profile_);
  }

 private:
  // To be copied by who asks.
  const std::string& text(int64_t index) {
    if (index < 0 || static_cast<size_t>(index) >= strings_.size())
      throw Error("it refers to a name that it does not hold");
    const std::string& text = strings_[static_cast<size_t>(index)];
    budget_.take(text.size());
    return text;
  }

  ValueType value_type(data_view view) {
    budget_.take(sizeof(ValueType));
    ValueType type;
    Message<ValueTypeField> message(view);
    while (message.next()) switch (message.tag()) {
        case ValueTypeField::type:
          type.type = text(message.get_int64());
          break;
        case ValueTypeField::unit:
          type.unit = text(message.get_int64());
          break;
        default:
          message.skip();
      }
    return type;
  }

  void mapping(data_view view) {
    Module module;
    budget_.take(sizeof module + kNode);
    uint64_t id = 0;
    Message<MappingField> message(view);
    while (message.next()) switch (message.tag()) {
        case MappingField::id:
          id = message.get_uint64();
          break;
        case MappingField::memory_start:
          module.start = message.get_uint64();
          break;
        case MappingField::memory_limit:
          module.end = message.get_uint64();
          break;
        case MappingField::filename:
          module.path = text(message.get_int64());
          break;
        case MappingField::build_id:
          module.build_id = text(message.get_int64());
          break;
        default:
          message.skip();
      }
    module.base = module.start;
    modules_[id] = static_cast<int32_t>(profile_.modules.size());
    profile_.modules.push_back(std::move(module));
  }

  void function(data_view view) {
    Frame frame;
    budget_.take(sizeof frame + kNode);
    uint64_t id = 0;
    Message<FunctionField> message(view);
    while (message.next()) switch (message.tag()) {
        case FunctionField::id:
          id = message.get_uint64();
          break;
        case FunctionField::name:
          frame.function = text(message.get_int64());
          break;
        case FunctionField::system_name:
          frame.linkage_name = text(message.get_int64());
          break;
        case FunctionField::filename:
          frame.file = text(message.get_int64());
          break;
        default:
          message.skip();
      }
    functions_[id] = std::move(frame);
  }

  Frame line(data_view view) {
    Frame frame;
    uint32_t number = 0;
    Message<LineField> message(view);
    while (message.next()) switch (message.tag()) {
        case LineField::function_id:
          frame = known(functions_, message.get_uint64());
          budget_.take(frame.function.size() + frame.linkage_name.size() + frame.file.size());
          break;
        case LineField::line:
          number = static_cast<uint32_t>(message.get_int64());
          break;
        default:
          message.skip();
      }
    frame.line = number;
    return frame;
  }

  void location(data_view view) {
    Location location;
    budget_.take(sizeof location + kNode);
    uint64_t id = 0;
    Message<LocationField> message(view);
    while (message.next()) switch (message.tag()) {
        case LocationField::id:
          id = message.get_uint64();
          break;
        case LocationField::mapping_id:
          // 0 is none.
          if (const uint64_t mapping = message.get_uint64(); mapping != 0)
            location.module = known(modules_, mapping);
          break;
        case LocationField::address:
          location.address = message.get_uint64() + 1;
          break;
        case LocationField::line:
          location.frames.push_back(line(message.get_view()));
          budget_.take(2 * sizeof(Frame));
          break;
        default:
          message.skip();
      }
    for (size_t i = 0; i + 1 < location.frames.size(); ++i) location.frames[i].inlined = true;
    if (location.module >= 0)
      location.offset =
          location.address - profile_.modules[static_cast<size_t>(location.module)].base;
    locations_[id] = static_cast<uint32_t>(profile_.locations.size());
    profile_.locations.push_back(std::move(location));
  }

  void sample(data_view view) {
    ProfileSample sample;
    budget_.take(sizeof sample + view.size() * 2 * sizeof(uint64_t));
    std::vector<uint64_t> ids;
    Message<SampleField> message(view);
    while (message.next()) switch (message.tag()) {
        case SampleField::location_id:
          add_numbers(message, ids);
          break;
        case SampleField::value:
          add_numbers(message, sample.values);
          break;
        case SampleField::label:
          sample.labels.push_back(label(message.get_view()));
          budget_.take(2 * sizeof(ProfileLabel));
          break;
        default:
          message.skip();
      }
    for (const uint64_t id : ids) sample.stack.push_back(known(locations_, id));
    if (sample.values.size() != profile_.value_types.size())
      throw Error("a sample has not as many values as there are types");
    // So that each may be negated.
    for (int64_t& value : sample.values)
      value = std::max(value, -std::numeric_limits<int64_t>::max());
    profile_.samples.push_back(std::move(sample));
  }

  ProfileLabel label(data_view view) {
    ProfileLabel label;
    Message<LabelField> message(view);
    while (message.next()) switch (message.tag()) {
        case LabelField::key:
          label.key = text(message.get_int64());
          break;
        case LabelField::str:
          label.text = text(message.get_int64());
          break;
        case LabelField::num:
          label.number = message.get_int64();
          break;
        case LabelField::num_unit:
          label.unit = text(message.get_int64());
          break;
        default:
          message.skip();
      }
    return label;
  }

  template <class Value>
  static const Value& known(const std::unordered_map<uint64_t, Value>& table, uint64_t id) {
    const auto entry = table.find(id);
    if (entry == table.end()) throw Error("it refers to an entry that it does not hold");
    return entry->second;
  }

  static constexpr uint64_t kNode = 64;  // of a table, beside the entry

  data_view bytes_;
  MemoryBudget budget_;
  Profile profile_;
  std::vector<std::string> strings_;
  std::unordered_map<uint64_t, int32_t> modules_;
  std::unordered_map<uint64_t, Frame> functions_;
  std::unordered_map<uint64_t, uint32_t> locations_;
};

}  // namespace

bool is_pprof(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(4, 0);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return file.good() && gzip_magic(head);
}

Profile read_pprof(const std::string& path) {
  std::string bytes = file_bytes(path);
  if (gzip_magic(bytes)) bytes = inflated(bytes, path);
  try {
    return Reader(data_view(bytes.data(), bytes.size())).take();
  } catch (const protozero::exception& error) {
    throw Error(path + " is no pprof profile, or damaged: " + error.what());
  } catch (const Error& error) {
    throw Error(path + " is no pprof profile, or damaged: " + error.what());
  }
}

}  // namespace track::read
