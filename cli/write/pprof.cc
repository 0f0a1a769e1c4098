#include "cli/write/pprof.h"

#include <array>
#include <map>
#include <protozero/pbf_builder.hpp>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "cli/model/allocator_names.h"
#include "cli/model/pprof_fields.h"
#include "cli/model/symbols.h"
#include "cli/write/gzip.h"

namespace track::write {
namespace {

using namespace pprof;
using protozero::pbf_builder;

// Frames of the tracker that a stack may still begin with; those that are known by their module are
// left out already.
constexpr std::string_view kOurFrames = "track::(core|capture|interpose|control|sys)::.*";

constexpr uint64_t kPage = 4096;

class Writer {
 public:
  explicit Writer(const Profile& profile) : profile_(profile), top_(bytes_) { text({}); }

  std::string take() {
    heading();
    mappings();
    for (size_t i = 0; i < profile_.locations.size(); ++i) location(i);
    for (const ProfileSample& one : profile_.samples) sample(one);
    ending();
    for (const std::string* one : strings_) top_.add_string(FileField::string_table, *one);
    return std::move(bytes_);
  }

 private:
  int64_t text(const std::string& text) {
    const auto [entry, fresh] = string_ids_.try_emplace(text, strings_.size());
    if (fresh) strings_.push_back(&entry->first);
    return static_cast<int64_t>(entry->second);
  }

  template <class Tag>
  void value_type(Tag tag, const ValueType& type) {
    pbf_builder<ValueTypeField> message(top_, tag);
    message.add_int64(ValueTypeField::type, text(type.type));
    message.add_int64(ValueTypeField::unit, text(type.unit));
  }

  void heading() {
    for (const ValueType& type : profile_.value_types) value_type(FileField::sample_type, type);
  }

  static bool named(const Location& location) {
    return !location.frames.empty() && !location.frames.back().function.empty();
  }

  // A mapping is symbolized or it is not, for readers: of one where that differs from address to
  // address there are two.
  void mappings() {
    std::vector<std::array<bool, 2>> used(profile_.modules.size());
    for (const Location& location : profile_.locations)
      if (location.module >= 0) used[static_cast<size_t>(location.module)][named(location)] = true;
    mapping_ids_.resize(profile_.modules.size());
    uint64_t next = 1;
    for (size_t i = 0; i < profile_.modules.size(); ++i)
      for (const bool names : {true, false}) {
        // The program is there in any case: it heads the report.
        if (!used[i][names] && !(i == 0 && !names && !used[i][true])) continue;
        mapping(profile_.modules[i], next, names);
        mapping_ids_[i][names] = next++;
      }
  }

  void mapping(const Module& module, uint64_t id, bool names) {
    pbf_builder<MappingField> message(top_, FileField::mapping);
    message.add_uint64(MappingField::id, id);
    message.add_uint64(MappingField::memory_start, module.start);
    // Readers put mappings together that are alike in size and build-id; these two are not alike.
    message.add_uint64(MappingField::memory_limit, module.end + (names ? 0 : kPage));
    message.add_int64(MappingField::filename, text(module.path));
    message.add_int64(MappingField::build_id, text(module.build_id));
    if (!names) return;
    message.add_bool(MappingField::has_functions, true);
    message.add_bool(MappingField::has_filenames, true);
    message.add_bool(MappingField::has_line_numbers, true);
    message.add_bool(MappingField::has_inline_frames, true);
  }

  // Readers take a readable name that equals the mangled one for one that is still to be shortened,
  // and make "::end" of "(anonymous namespace)::end".
  static std::string plain_name(const std::string& name) {
    return name.find_first_of("(<[:") == std::string::npos ? name : std::string();
  }

  uint64_t function(const Frame& frame) {
    const std::string name = short_function(frame.function);
    const std::string system = frame.linkage_name.empty() ? plain_name(name) : frame.linkage_name;
    const auto key = std::tuple(text(name), text(system), text(frame.file));
    const auto [entry, fresh] = functions_.try_emplace(key, functions_.size() + 1);
    if (!fresh) return entry->second;
    pbf_builder<FunctionField> message(top_, FileField::function);
    message.add_uint64(FunctionField::id, entry->second);
    message.add_int64(FunctionField::name, std::get<0>(key));
    message.add_int64(FunctionField::system_name, std::get<1>(key));
    message.add_int64(FunctionField::filename, std::get<2>(key));
    return entry->second;
  }

  void location(size_t index) {
    const Location& location = profile_.locations[index];
    const bool names = named(location);
    std::vector<std::pair<uint64_t, uint32_t>> lines;
    if (names)
      for (const Frame& frame : location.frames)
        if (!frame.function.empty()) lines.emplace_back(function(frame), frame.line);
    pbf_builder<LocationField> message(top_, FileField::location);
    message.add_uint64(LocationField::id, index + 1);
    if (location.module >= 0)
      message.add_uint64(LocationField::mapping_id,
                         mapping_ids_[static_cast<size_t>(location.module)][names]);
    // The call, not what it returns to.
    if (location.address != 0) message.add_uint64(LocationField::address, location.address - 1);
    for (const auto& [id, number] : lines) {
      pbf_builder<LineField> line(message, LocationField::line);
      line.add_uint64(LineField::function_id, id);
      line.add_int64(LineField::line, number);
    }
  }

  void label(pbf_builder<SampleField>& sample, const ProfileLabel& label) {
    if (label.text.empty() && label.number == 0 && label.unit.empty()) return;
    const int64_t key = text(label.key), value = text(label.text), unit = text(label.unit);
    pbf_builder<LabelField> message(sample, SampleField::label);
    message.add_int64(LabelField::key, key);
    if (!label.text.empty()) return message.add_int64(LabelField::str, value);
    message.add_int64(LabelField::num, label.number);
    if (!label.unit.empty()) message.add_int64(LabelField::num_unit, unit);
  }

  void sample(const ProfileSample& sample) {
    std::vector<uint64_t> ids;
    for (const uint32_t location : sample.stack) ids.push_back(uint64_t{location} + 1);
    pbf_builder<SampleField> message(top_, FileField::sample);
    message.add_packed_uint64(SampleField::location_id, ids.begin(), ids.end());
    message.add_packed_int64(SampleField::value, sample.values.begin(), sample.values.end());
    for (const ProfileLabel& one : sample.labels) label(message, one);
  }

  void ending() {
    std::string dropped(kOurFrames);
    if (is_heap(profile_.value_types)) dropped += "|" + allocator_pattern();
    top_.add_int64(FileField::drop_frames, text(dropped));
    top_.add_int64(FileField::time_nanos, static_cast<int64_t>(profile_.time_ns));
    top_.add_int64(FileField::duration_nanos, static_cast<int64_t>(profile_.duration_ns));
    value_type(FileField::period_type, profile_.period_type);
    top_.add_int64(FileField::period, profile_.period);
    std::vector<int64_t> comments;
    for (const std::string& comment : profile_.comments) comments.push_back(text(comment));
    top_.add_packed_int64(FileField::comment, comments.begin(), comments.end());
    if (profile_.shown < profile_.value_types.size())
      top_.add_int64(FileField::default_sample_type,
                     text(profile_.value_types[profile_.shown].type));
  }

  const Profile& profile_;
  std::string bytes_;
  pbf_builder<FileField> top_;
  std::unordered_map<std::string, size_t> string_ids_;
  std::vector<const std::string*> strings_;
  std::vector<std::array<uint64_t, 2>> mapping_ids_;  // by module; without and with names
  std::map<std::tuple<int64_t, int64_t, int64_t>, uint64_t> functions_;
};

}  // namespace

std::string pprof_bytes(const Profile& profile) {
  return gzipped(Writer(profile).take());
}

}  // namespace track::write
