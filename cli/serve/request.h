// What a client asked, and what it is answered: HTTP without the library that speaks it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace track::serve {

struct Request {
  std::string method, path;  // path: unescaped, without the query
  std::string host, origin, fetch_site, last_event_id;
  std::map<std::string, std::string> parameters;  // of the query
  std::string body;

  std::string parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
  }
};

// False: the client is gone.
using Write = std::function<bool(std::string_view)>;

struct Reply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Instead of a body: writes until it returns. alive: is there still somebody to write to?
  std::function<void(const Write& write, const std::function<bool()>& alive)> stream;
};

inline Reply plain(int status, const std::string& text) {
  Reply reply;
  reply.status = status;
  reply.body = text + "\n";
  return reply;
}

}  // namespace track::serve
