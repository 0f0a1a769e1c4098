#include "cli/push/parcel.h"

#include <nlohmann/json.hpp>

#include "cli/model/error.h"
#include "cli/serve/address.h"

namespace track::push {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string new_id() {
  std::string id = serve::random_token();
  id[12] = '4';
  id[16] = "89ab"[(id[16] <= '9' ? id[16] - '0' : id[16] - 'a' + 10) & 3];
  for (const size_t at : {8, 13, 18, 23}) id.insert(at, "-");
  return id;
}

std::string pack(const Parcel& parcel) {
  Json values = Json::array();
  for (const ParcelValue& value : parcel.values)
    values.push_back({value.type, value.unit, value.cumulative});
  const Json head{{"id", parcel.id},
                  {"name", parcel.name},
                  {"labels", parcel.labels},
                  {"from_ns", parcel.from_ns},
                  {"until_ns", parcel.until_ns},
                  {"values", std::move(values)},
                  {"bytes", parcel.pprof.size()}};
  return head.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" + parcel.pprof;
}

Parcel unpack(const std::string& bytes) {
  const size_t end = bytes.find('\n');
  try {
    if (end == std::string::npos) throw Error("no first line");
    const Json head = Json::parse(bytes.substr(0, end));
    Parcel parcel;
    parcel.id = head.at("id").get<std::string>();
    parcel.name = head.at("name").get<std::string>();
    parcel.labels = head.at("labels").get<Labels>();
    parcel.from_ns = head.at("from_ns").get<uint64_t>();
    parcel.until_ns = head.at("until_ns").get<uint64_t>();
    for (const Json& value : head.at("values"))
      parcel.values.push_back({value.at(0).get<std::string>(), value.at(1).get<std::string>(),
                               value.at(2).get<bool>()});
    parcel.pprof = bytes.substr(end + 1);
    if (parcel.pprof.size() != head.at("bytes").get<size_t>()) throw Error("cut short");
    return parcel;
  } catch (const std::exception& error) {
    throw Error(std::string("damaged: ") + error.what());
  }
}

}  // namespace track::push
