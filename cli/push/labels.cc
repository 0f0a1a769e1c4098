#include "cli/push/labels.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/model/error.h"

namespace track::push {
namespace {

// What Pyroscope takes by default.
constexpr size_t kLongestName = 1024, kLongestValue = 2048, kMostLabels = 29;  // and __name__

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool legal_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && letter(name.front()) &&
         !name.starts_with("__") && std::all_of(name.begin(), name.end(), [](char c) {
           return letter(c) || (c >= '0' && c <= '9');
         });
}

// "service.name" is service_name where dots are not allowed.
std::string as_name(const std::string& text) {
  std::string name;
  for (const char c : text) name += letter(c) || (c >= '0' && c <= '9') ? c : '_';
  while (name.starts_with("__")) name.erase(0, 1);
  if (!name.empty() && !letter(name.front())) name.insert(name.begin(), '_');
  return name;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' '), end = text.find_last_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// OpenTelemetry's values are percent-encoded.
std::string decoded(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    result += coded ? static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return result;
}

std::pair<std::string, std::string> parted(const std::string& text, const std::string& where) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(where + ": `" + text + "` is no label; write NAME=VALUE");
  return {trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
}

void add_list(Labels& labels, const char* variable, bool otel) {
  const char* set = std::getenv(variable);
  if (set == nullptr) return;
  const std::string text = set;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (one.empty()) continue;
    const auto [name, value] = parted(one, variable);
    labels[as_name(name)] = otel ? decoded(value) : value;
  }
}

}  // namespace

Labels collect_labels(const std::vector<std::string>& flags, const std::string& program) {
  Labels labels;
  labels["service_name"] = program.empty() ? "unknown" : program;
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) == 0 && *host != 0) labels["hostname"] = host;
  add_list(labels, "OTEL_RESOURCE_ATTRIBUTES", true);
  if (const char* service = std::getenv("OTEL_SERVICE_NAME"); service != nullptr && *service != 0)
    labels["service_name"] = service;
  add_list(labels, "TRACK_LABELS", false);
  for (const std::string& flag : flags) {
    const auto [name, value] = parted(flag, "--label");
    if (!legal_name(name))
      throw Error("--label: `" + name +
                  "` is no name of a label; letters, digits and _, no digit first, no __ first");
    labels[name] = value;
  }
  // A label without a value is none.
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  for (const auto& [name, value] : labels) {
    if (!legal_name(name)) throw Error("`" + name + "` is no name of a label");
    const bool control = std::any_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == 127;
    });
    if (control || value.size() > kLongestValue)
      throw Error("label " + name + ": its value is longer than 2048 bytes, or has control " +
                  "characters");
  }
  if (labels.size() > kMostLabels)
    throw Error("there are " + std::to_string(labels.size()) + " labels; 29 are the most");
  return labels;
}

}  // namespace track::push
