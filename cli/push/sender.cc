#include "cli/push/sender.h"

#include <httplib.h>
#include <time.h>

#include <algorithm>
#include <charconv>

#include "cli/model/error.h"
#include "cli/read/clock.h"

namespace track::push {
namespace {

constexpr size_t kMostAnswer = 64 << 10, kMostShown = 200;
constexpr std::chrono::seconds kLongestConnect{5};
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::hours(1);

std::string reason_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      return "no connection";
    case httplib::Error::Read:
      return "no answer in time, or the connection broke";
    case httplib::Error::Write:
      return "the connection broke";
    case httplib::Error::SSLConnection:
      return "no TLS connection";
    case httplib::Error::SSLServerVerification:
      return "its certificate is not trusted (--ca-file)";
    case httplib::Error::SSLLoadingCerts:
      return "the certificates of --ca-file cannot be read";
    default:
      return httplib::to_string(error);
  }
}

}  // namespace

struct Sender::Client {
  explicit Client(const std::string& origin) : http(origin) {}
  httplib::Client http;
};

Sender::Sender(Endpoint endpoint, Secrets secrets, std::chrono::nanoseconds timeout,
               const std::string& ca_file)
    : endpoint_(std::move(endpoint)),
      secrets_(std::move(secrets)),
      client_(std::make_unique<Client>(endpoint_.origin)) {
  httplib::Client& http = client_->http;
  if (!http.is_valid())
    throw Error("--to: " + endpoint_.origin + " is no address that can be connected to");
  http.set_connection_timeout(std::min<std::chrono::nanoseconds>(timeout, kLongestConnect));
  http.set_read_timeout(timeout);
  http.set_write_timeout(timeout);
  // A redirection would take the token along.
  http.set_follow_location(false);
  if (!ca_file.empty()) http.set_ca_cert_path(ca_file);
}

Sender::~Sender() = default;

void Sender::stop() {
  client_->http.stop();
}

// What others say: one line, without what was told in confidence.
std::string Sender::harmless(std::string text) const {
  for (const std::string& word : secrets_.words)
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 3))
      text.replace(at, word.size(), "***");
  std::string line;
  for (const char c : text.substr(0, kMostShown))
    line += c >= ' ' && c < 127 ? c : c == '\n' ? ' ' : '?';
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Outcome Sender::send(const Parcel& parcel) {
  const Message message = message_of(endpoint_, parcel);
  httplib::Request request;
  request.method = "POST";
  request.path = message.path;
  request.body = message.body;
  request.set_header("Content-Type", message.content_type);
  request.set_header("User-Agent", "libtrack");
  for (const auto& [name, value] : message.headers) request.set_header(name, value);
  for (const auto& [name, value] : secrets_.headers) request.set_header(name, value);
  std::string answer;
  request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    answer.append(data, size);
    return answer.size() <= kMostAnswer;
  };
  const httplib::Result result = client_->http.send(request);
  if (!result) {
    // An endless answer is no way to say that it has it.
    if (answer.size() > kMostAnswer) return {Fate::refused, "its answer does not end", {}};
    return {Fate::later, reason_of(result.error()), {}};
  }
  const Fate fate = fate_of(result->status);
  if (fate == Fate::sent) return {};
  std::string why = "status " + std::to_string(result->status);
  if (const std::string to = result->get_header_value("Location"); !to.empty())
    why += ", which leads to " + harmless(to);
  if (const std::string said = harmless(answer); !said.empty()) why += ": " + said;
  return {fate, why, retry_after(result->get_header_value("Retry-After"), read::realtime_now_ns())};
}

Fate fate_of(int status) {
  if (status >= 200 && status < 300) return Fate::sent;
  return status == 408 || status == 429 || status >= 500 ? Fate::later : Fate::refused;
}

std::chrono::nanoseconds retry_after(const std::string& text, uint64_t now_ns) {
  uint64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, seconds);
  if (number.ec == std::errc() && number.ptr == end)
    return std::min<std::chrono::nanoseconds>(
        std::chrono::seconds(std::min<uint64_t>(seconds, 86400)), kLongestWait);
  struct tm date {};
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != 0) return {};
  const time_t then = timegm(&date);
  const auto now = static_cast<time_t>(now_ns / 1'000'000'000);
  if (then <= now) return {};
  return std::min<std::chrono::nanoseconds>(
      std::chrono::seconds(std::min<time_t>(then - now, 86400)), kLongestWait);
}

}  // namespace track::push
