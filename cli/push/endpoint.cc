#include "cli/push/endpoint.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/model/error.h"

namespace track::push {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPushPath = "/push.v1.PusherService/Push";
constexpr const char* kIngestPath = "/ingest";
constexpr const char* kParcaPath = "/profiles/writeraw";
constexpr const char* kWord = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~";

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(bytes.size() - i, 3);
    uint32_t word = 0;
    for (size_t j = 0; j < 3; ++j)
      word = word << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += j <= left ? kDigits[word >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string percent(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string(kWord).find(c) != std::string::npos) {
      result += c;
      continue;
    }
    static constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return result;
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json label_pairs(const Parcel& parcel) {
  Labels all = parcel.labels;
  all["__name__"] = parcel.name;
  Json pairs = Json::array();
  for (const auto& [name, value] : all) pairs.push_back({{"name", name}, {"value", value}});
  return pairs;
}

Message connect_message(const Endpoint& endpoint, const Parcel& parcel) {
  const Json body{
      {"series",
       Json::array({{{"labels", label_pairs(parcel)},
                     {"samples", Json::array({{{"ID", parcel.id},
                                               {"rawProfile", base64(parcel.pprof)}}})}}})}};
  return {endpoint.path, "application/json", line_of(body), {{"Connect-Protocol-Version", "1"}}};
}

Message parca_message(const Endpoint& endpoint, const Parcel& parcel) {
  const Json body{
      {"series",
       Json::array({{{"labels", {{"labels", label_pairs(parcel)}}},
                     {"samples", Json::array({{{"rawProfile", base64(parcel.pprof)}}})}}})},
      {"normalized", false}};
  return {endpoint.path, "application/json", line_of(body), {}};
}

// In Pyroscope's words; it shows figures by them.
std::string units_of(const Parcel& parcel, const ParcelValue& value) {
  if (value.unit == "bytes") return "bytes";
  const bool locks = parcel.name == "mutex" || parcel.name == "block";
  if (value.unit == "nanoseconds") return locks ? "lock_nanoseconds" : "samples";
  if (locks) return "lock_samples";
  return value.type.ends_with("_objects") ? "objects"
         : parcel.name == "process_cpu"   ? "samples"
                                          : "goroutines";
}

// Pyroscope tells by it which profile a value is of: those of mutex and block have equal types.
std::string display_name(const Parcel& parcel, const ParcelValue& value) {
  if (parcel.name == "mutex" || parcel.name == "block")
    return parcel.name + (value.unit == "nanoseconds" ? "_duration" : "_count");
  return value.type == "bytes_held" ? parcel.name + "_bytes" : value.type;
}

// {NAME="VALUE"} has no way to write these.
std::string tag(std::string value) {
  for (char& c : value)
    if (c == ',' || c == '=' || c == '{' || c == '}' || c == '"') c = '_';
  return value;
}

Message ingest_message(const Endpoint& endpoint, const Parcel& parcel) {
  std::string service = "unknown", tags;
  for (const auto& [name, value] : parcel.labels)
    if (name == "service_name")
      service = tag(value);
    else
      tags += (tags.empty() ? "" : ",") + name + "=" + tag(value);
  const uint64_t until = parcel.until_ns / 1'000'000'000;
  const uint64_t from = std::min(parcel.from_ns / 1'000'000'000, until == 0 ? 0 : until - 1);
  Json config = Json::object();
  for (const ParcelValue& value : parcel.values)
    config[value.type] = {{"units", units_of(parcel, value)},
                          {"display-name", display_name(parcel, value)},
                          {"aggregation", value.cumulative ? "sum" : "average"},
                          {"cumulative", false},
                          {"sampled", parcel.name == "process_cpu"}};
  Message message;
  message.path = endpoint.path + "?name=" + percent(service + "{" + tags + "}") +
                 "&from=" + std::to_string(from) + "&until=" + std::to_string(until) +
                 "&format=pprof&spyName=libtrack";
  const std::string boundary = "track-" + parcel.id;
  message.content_type = "multipart/form-data; boundary=" + boundary;
  const auto part = [&](const char* name, const char* file, const std::string& bytes) {
    message.body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name +
                    "\"; filename=\"" + file + "\"\r\nContent-Type: application/octet-stream" +
                    "\r\n\r\n" + bytes + "\r\n";
  };
  part("profile", "profile.pprof", parcel.pprof);
  part("sample_type_config", "sample_type_config.json", line_of(config));
  message.body += "--" + boundary + "--\r\n";
  return message;
}

std::string first_line_of(const std::string& path, const char* flag) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    throw Error(std::string(flag) + ": " + path + " cannot be read, or is empty");
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

std::string secret_of(const std::string& file, const char* flag, const char* variable) {
  const char* set = std::getenv(variable);
  const std::string secret = !file.empty() ? first_line_of(file, flag) : set != nullptr ? set : "";
  const bool plain = std::all_of(secret.begin(), secret.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 127;
  });
  if (!plain)
    throw Error(std::string(file.empty() ? variable : flag) + ": it has control characters");
  return secret;
}

}  // namespace

Endpoint parse_endpoint(const std::string& url, const std::string& protocol) {
  const std::string how =
      "--to: write http://HOST:PORT or https://HOST[:PORT], with the path of a "
      "proxy where there is one";
  Endpoint endpoint;
  endpoint.secure = url.starts_with("https://");
  if (!endpoint.secure && !url.starts_with("http://")) throw Error(how);
  const size_t host_at = url.find("//") + 2;
  const size_t path_at = std::min(url.find('/', host_at), url.size());
  const std::string authority = url.substr(host_at, path_at - host_at);
  if (authority.find('@') != std::string::npos)
    throw Error(
        "--to: no name and password in the URL, where others see them; write user:password "
        "into a file and name it with --basic-file");
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127; });
  if (authority.empty() || !plain || url.find_first_of("?#") != std::string::npos) throw Error(how);
  endpoint.origin = url.substr(0, path_at);
  endpoint.loopback = authority.starts_with("127.") || authority.starts_with("localhost") ||
                      authority.starts_with("[::1]");
  std::string path = url.substr(path_at);
  while (path.ends_with("/")) path.pop_back();
  struct Known {
    const char* name;
    const char* path;
    Form form;
  };
  for (const Known& known : {Known{"push", kPushPath, Form::connect},
                             {"ingest", kIngestPath, Form::ingest},
                             {"parca", kParcaPath, Form::parca}}) {
    const bool there = path.ends_with(known.path);
    if (protocol.empty() ? !there : protocol != known.name) continue;
    endpoint.form = known.form;
    endpoint.path = there ? path : path + known.path;
    return endpoint;
  }
  endpoint.path = path + kPushPath;
  return endpoint;
}

Secrets collect_secrets(const std::string& bearer_file, const std::string& basic_file,
                        const std::string& tenant) {
  Secrets secrets;
  const std::string bearer = secret_of(bearer_file, "--bearer-file", "TRACK_PUSH_BEARER");
  const std::string basic = secret_of(basic_file, "--basic-file", "TRACK_PUSH_BASIC");
  if (!bearer.empty() && !basic.empty())
    throw Error("a bearer token and a name with password: name one of both");
  if (!basic.empty() && basic.find(':') == std::string::npos)
    throw Error("--basic-file, TRACK_PUSH_BASIC: user:password is wanted");
  if (!bearer.empty()) secrets.headers.emplace_back("Authorization", "Bearer " + bearer);
  if (!basic.empty()) secrets.headers.emplace_back("Authorization", "Basic " + base64(basic));
  for (const std::string& word :
       {bearer, basic, basic.empty() ? "" : base64(basic),
        basic.substr(basic.find(':') == std::string::npos ? basic.size() : basic.find(':') + 1)})
    if (!word.empty()) secrets.words.push_back(word);
  if (tenant.empty()) return secrets;
  if (tenant.size() > 150 ||
      tenant.find_first_not_of(std::string(kWord) + "!*'()|") != std::string::npos)
    throw Error("--tenant: letters, digits and !-_.*'() are what a tenant's name has, 150 at most");
  secrets.headers.emplace_back("X-Scope-OrgID", tenant);
  return secrets;
}

Message message_of(const Endpoint& endpoint, const Parcel& parcel) {
  switch (endpoint.form) {
    case Form::ingest:
      return ingest_message(endpoint, parcel);
    case Form::parca:
      return parca_message(endpoint, parcel);
    default:
      return connect_message(endpoint, parcel);
  }
}

}  // namespace track::push
