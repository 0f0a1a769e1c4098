#include "cli/serve/site.h"

#include <charconv>
#include <optional>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/read/clock.h"
#include "cli/serve/metrics.h"
#include "cli/serve/profiles.h"
#include "cli/verbs/load.h"
#include "cli/verbs/view.h"
#include "cli/write/html.h"
#include "cli/write/json_parts.h"

namespace track::serve {
namespace {

using Json = write::Json;

Reply json_reply(int status, const Json& json) {
  Reply reply;
  reply.status = status;
  reply.type = "application/json";
  reply.body = write::dump_json(json);
  return reply;
}

Reply json_error(int status, const std::string& what) {
  return json_reply(status, {{"error", what}});
}

Reply not_allowed(const char* methods) {
  Reply reply = plain(405, "that method is not for this address");
  reply.headers = {{"Allow", methods}};
  return reply;
}

bool reads(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

std::string percent(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool plain_one = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (plain_one) {
      result += c;
    } else {
      result += '%';
      result += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
      result += "0123456789ABCDEF"[c & 15];
    }
  }
  return result;
}

// What follows `prefix`; nothing: the path does not begin so.
std::optional<std::string> below(const std::string& path, const std::string& prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

constexpr size_t kMostUnopened = 64;
constexpr const char* kWhich = "which target? /api/targets lists them; name one with target=ID";

}  // namespace

Site::Site(Targets& targets, const ListenAddress& listen, bool control, const Stop& stop)
    : targets_(targets), listen_(listen), control_(control), stop_(stop) {}

Reply Site::answer(const Request& request) {
  Reply reply;
  if (!host_allowed(request.host, listen_))
    reply = plain(403, "this server does not go by that name; open it as http://" +
                           listen_.authority(listen_.port));
  else if (!origin_allowed(request.origin, request.host) || request.fetch_site == "cross-site")
    reply = plain(403, "pages of other sites may not ask here");
  else
    try {
      reply = route(request);
    } catch (const std::exception& error) {
      reply = plain(500, error.what());
    }
  for (const auto& [name, value] : {std::pair{"X-Content-Type-Options", "nosniff"},
                                    {"Cache-Control", "no-store"},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cross-Origin-Resource-Policy", "same-origin"}})
    reply.headers.emplace_back(name, value);
  bool policy = false;
  for (const auto& header : reply.headers)
    policy = policy || header.first == "Content-Security-Policy";
  if (!policy)
    reply.headers.emplace_back("Content-Security-Policy",
                               "default-src 'none'; frame-ancestors 'none'");
  return reply;
}

Reply Site::route(const Request& request) {
  const std::string& path = request.path;
  if (path == "/") return reads(request) ? page(request) : not_allowed("GET");
  if (const auto what = below(path, "/api/")) return api(request, *what);
  if (path == "/healthz") return reads(request) ? plain(200, "ok") : not_allowed("GET");
  if (const auto rest = below(path, "/t/")) {
    const size_t slash = rest->find('/');
    if (slash != std::string::npos)
      return of_target(rest->substr(0, slash), rest->substr(slash), request);
  }
  return of_target(request.parameter("target"), path, request);
}

Reply Site::of_target(const std::string& id, const std::string& path, const Request& request) {
  if (path == "/debug/pprof") {
    Reply moved = plain(301, "it is here: /debug/pprof/");
    moved.headers = {{"Location", request.path + "/"}};
    return moved;
  }
  const auto go = below(path, "/debug/pprof/"), gperftools = below(path, "/pprof/");
  if (path != "/metrics" && !go && !gperftools) return plain(404, "there is nothing here");
  const bool symbol = (go && *go == "symbol") || (gperftools && *gperftools == "symbol");
  if (!reads(request) && !(symbol && request.method == "POST"))
    return not_allowed(symbol ? "GET, POST" : "GET");
  if (path == "/metrics" && id.empty()) return metrics_reply(targets_.list());
  const auto served = targets_.find(id);
  if (!served) {
    Reply none = plain(404, id.empty() ? kWhich : "there is no such target");
    none.headers = {{"X-Go-Pprof", "1"}};
    return none;
  }
  if (path == "/metrics") return metrics_reply({served});
  return go ? go_profile(served->target, *go, request, stop_)
            : gperftools_profile(served->target, *gperftools, request, stop_);
}

uint64_t Site::page_of(const Request& request) const {
  const std::string given = request.parameter("token");
  const size_t dot = given.find('.');
  if (!same_secret(given.substr(0, dot), token_)) return 0;
  uint64_t page = 1;
  if (dot != std::string::npos)
    std::from_chars(given.data() + dot + 1, given.data() + given.size(), page);
  return std::max<uint64_t>(page, 1);
}

// A page is told its number in the token: it says that again with everything it asks for. Loaded
// anew it is another page.
Reply Site::page(const Request& request) {
  const uint64_t number = page_of(request);
  if (number == 0)
    return plain(403, "this page needs its token: open the address that `track serve` printed");
  {
    const std::lock_guard hold(mutex_);
    if (unopened_.erase(number) == 0) {
      const uint64_t next = ++pages_ + 1;  // 1: who asks without a page
      unopened_.insert(next);
      if (unopened_.size() > kMostUnopened) unopened_.erase(unopened_.begin());
      Reply moved = plain(303, "");
      std::string place = "/?token=" + token_ + "." + std::to_string(next);
      if (const std::string target = request.parameter("target"); !target.empty())
        place += "&target=" + percent(target);
      moved.headers = {{"Location", place}};
      return moved;
    }
  }
  const std::string nonce = random_token();
  Reply reply;
  reply.type = "text/html; charset=utf-8";
  reply.headers = {{"Content-Security-Policy",
                    "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" +
                        nonce +
                        "'; img-src data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
                        "form-action 'none'; frame-ancestors 'none'"}};
  static const std::string filled =
      write::filled_page(write::viewer_page(), "", "<meta name=\"track-mode\" content=\"served\">");
  reply.body = replaced(filled, "TRACK-NONCE", nonce);
  return reply;
}

Reply Site::api(const Request& request, const std::string& what) {
  if (page_of(request) == 0) return json_error(403, "wrong token");
  const bool command = what == "judge" || what == "dump";
  if (command ? request.method != "POST" : !reads(request))
    return not_allowed(command ? "POST" : "GET");
  if (what == "targets") {
    Json all = Json::array();
    for (const auto& served : targets_.list()) {
      const TargetName& name = served->target.name();
      const bool live = runs(name);
      all.push_back({{"id", name.id},
                     {"pid", name.pid},
                     {"program", name.program},
                     {"live", live},
                     {"note", live        ? ""
                              : name.live ? how_it_ended(name)
                                          : "not running; as it was recorded"}});
    }
    return json_reply(200, {{"targets", std::move(all)}});
  }
  const std::string id = request.parameter("target");
  const auto section_name = below(what, "section/");
  if (!command && what != "live" && !section_name) return json_error(404, "there is nothing here");
  const auto served = targets_.find(id);
  if (!served) return json_error(404, id.empty() ? kWhich : "there is no such target (any more)");
  if (section_name) return section(*served, request, *section_name);
  return command ? control(*served, what) : live(served, request);
}

Reply Site::section(Served& served, const Request& request, const std::string& name) {
  std::shared_ptr<const ServedView> view;
  try {
    view = served.views.of_page(page_of(request), request.parameter("fresh") == "1");
  } catch (const Error& error) {
    return json_error(410, error.what());
  }
  const write::BundleSection* found = view->bundle.find(name);
  if (found == nullptr) return json_error(404, "there is no such section");
  Reply reply;
  // Not the section's own type: what is packed already would be packed again.
  reply.type = "application/octet-stream";
  reply.headers = {{"Content-Encoding", "gzip"}};
  reply.body = found->packed;
  return reply;
}

Reply Site::live(const std::shared_ptr<Served>& served, const Request& request) {
  if (request.method != "GET") return not_allowed("GET");
  if (!served->target.name().live) return json_error(404, "it does not run: nothing will change");
  std::string meta;
  try {
    meta = served->views.of_page(page_of(request), false)->meta;
  } catch (const Error& error) {
    return json_error(410, error.what());
  }
  Reply reply;
  reply.type = "text/event-stream";
  reply.stream = [served, meta, seen = request.last_event_id](const Write& write,
                                                              const std::function<bool()>& alive) {
    served->feed.follow(seen, meta, write, alive);
  };
  return reply;
}

Reply Site::control(Served& served, const std::string& what) {
  if (!control_)
    return json_error(403, "this server only shows; start it with: track serve --control");
  try {
    if (what == "judge") return json_reply(200, {{"note", served.feed.judge()}});
    verbs::SymbolSettings symbols = verbs::symbols_for_view(served.target.symbols());
    const auto alone = Target::reading();
    const std::string file = "track-" + std::to_string(served.target.name().pid) + "-" +
                             std::to_string(read::realtime_now_ns() / 1'000'000) + ".dump";
    const uint64_t bytes =
        verbs::write_dump(file, verbs::load_target(served.target.name().target, symbols, true));
    return json_reply(200, {{"note", "written: " + file + " (" + bytes_text(bytes) +
                                         "), where track serve runs"}});
  } catch (const Error& error) {
    return json_error(500, error.what());
  }
}

}  // namespace track::serve
