#include "cli/serve/address.h"

#include <arpa/inet.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"

namespace track::serve {
namespace {

bool is_v4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_v6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool figures(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int port_of(const std::string& text, const std::string& whole) {
  if (!figures(text) || text.size() > 5 || std::stoi(text) > 65535)
    throw Error("--listen " + whole + ": the port is a number from 0 (any) to 65535");
  return std::stoi(text);
}

struct Split {
  std::string host, port;
  bool good = true;
};

// "[::1]:80" -> "::1", "80".
Split split(const std::string& text) {
  if (text.starts_with("[")) {
    const size_t end = text.find(']');
    if (end == std::string::npos) return {"", "", false};
    const std::string rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return {"", "", false};
    return {text.substr(1, end - 1), rest.empty() ? "" : rest.substr(1), true};
  }
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, "", true};
  if (text.find(':', colon + 1) != std::string::npos) return {text, "", true};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

bool ListenAddress::loopback() const {
  return host == "::1" || (is_v4(host) && host.starts_with("127."));
}

std::string ListenAddress::authority(int bound_port) const {
  const std::string name = is_v6(host) ? "[" + host + "]" : host;
  return name + ":" + std::to_string(bound_port);
}

ListenAddress parse_listen(const std::string& text) {
  ListenAddress listen;
  if (figures(text)) {
    listen.port = port_of(text, text);
    return listen;
  }
  const Split parts = split(text);
  if (parts.good && !parts.host.empty())
    listen.host = lower(parts.host) == "localhost" ? "127.0.0.1" : parts.host;
  if (text.empty() || !parts.good || (!is_v4(listen.host) && !is_v6(listen.host)))
    throw Error("--listen " + text +
                ": not an address; such as 127.0.0.1:8080, [::1]:8080 or 8080");
  if (!parts.port.empty()) listen.port = port_of(parts.port, text);
  return listen;
}

bool host_allowed(const std::string& host, const ListenAddress& listen) {
  const Split parts = split(host);
  if (!parts.good || parts.host.empty()) return false;
  if (!parts.port.empty() && (!figures(parts.port) || parts.port.size() > 5)) return false;
  // These never are names that somebody else may point anywhere.
  if (lower(parts.host) == "localhost" || parts.host == "127.0.0.1" || parts.host == "::1")
    return true;
  if (parts.host == listen.host) return true;
  const bool every = listen.host == "0.0.0.0" || listen.host == "::";
  return every && (is_v4(parts.host) || is_v6(parts.host));
}

bool origin_allowed(const std::string& origin, const std::string& host) {
  return origin.empty() || lower(origin) == "http://" + lower(host);
}

std::string random_token() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw Error("the kernel gives no random bytes for the page's token: " +
                std::string(std::strerror(errno)));
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool same_secret(const std::string& given, const std::string& secret) {
  unsigned differ = given.size() != secret.size();
  for (size_t i = 0; i < secret.size(); ++i)
    differ |= static_cast<unsigned char>(secret[i]) ^
              static_cast<unsigned char>(i < given.size() ? given[i] : 0);
  return differ == 0;
}

}  // namespace track::serve
