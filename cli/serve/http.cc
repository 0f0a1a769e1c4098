#include "cli/serve/http.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>

#include "cli/model/error.h"

namespace track::serve {
namespace {

constexpr size_t kConnections = 64;  // a live view has one for itself
constexpr size_t kLongestBody = 256 << 10;
constexpr int kSendBuffer =
    256 << 10;  // what a client that does not read keeps the kernel busy with

Request request_of(const httplib::Request& from) {
  Request request;
  request.method = from.method;
  request.path = from.path;
  request.host = from.get_header_value("Host");
  // Two of them: whose is it?
  if (from.get_header_value_count("Host") != 1) request.host.clear();
  request.origin = from.get_header_value("Origin");
  request.fetch_site = from.get_header_value("Sec-Fetch-Site");
  request.last_event_id = from.get_header_value("Last-Event-ID");
  for (const auto& [name, value] : from.params) request.parameters.try_emplace(name, value);
  request.body = from.body;
  return request;
}

void into(Reply&& reply, httplib::Response& response) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (!reply.stream) {
    response.set_content(reply.body, reply.type);
    return;
  }
  response.set_chunked_content_provider(
      reply.type, [stream = std::move(reply.stream)](size_t, httplib::DataSink& sink) {
        bool good = true;
        stream(
            [&](std::string_view text) {
              good = good && sink.write(text.data(), text.size());
              return good;
            },
            [&] { return good && sink.is_writable(); });
        if (good) sink.done();
        return good;
      });
}

}  // namespace

struct Http::Server {
  httplib::Server http;
  std::thread thread;
};

Http::Http(const ListenAddress& listen, std::function<Reply(const Request&)> answer)
    : server_(std::make_unique<Server>()) {
  httplib::Server& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(kConnections); };
  // Not the library's own choice, by which two servers could share a port unnoticed.
  http.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  });
  http.set_tcp_nodelay(true);
  http.set_payload_max_length(kLongestBody);
  http.set_keep_alive_max_count(1000);
  http.set_read_timeout(10);
  http.set_write_timeout(120);  // who does not read for so long is gone
  const auto handle = [answer](const httplib::Request& request, httplib::Response& response) {
    into(answer(request_of(request)), response);
  };
  http.Get(".*", handle);
  // Read here: of what calls itself a form, as pprof's questions for names do, the library takes
  // 8 KiB only.
  http.Post(".*", [answer](const httplib::Request& from, httplib::Response& response,
                           const httplib::ContentReader& read) {
    Request request = request_of(from);
    // Without either header there is none (RFC 9112); the library would wait for the connection's
    // end.
    const bool has_body = from.has_header("Content-Length") || from.has_header("Transfer-Encoding");
    const bool whole = !has_body || read([&](const char* data, size_t size) {
      request.body.append(data, size);
      return request.body.size() <= kLongestBody;
    });
    into(whole ? answer(request) : plain(413, "too long"), response);
  });
  http.Put(".*", handle).Patch(".*", handle).Delete(".*", handle).Options(".*", handle);
  errno = 0;
  port_ = listen.port;
  const bool bound = listen.port == 0 ? (port_ = http.bind_to_any_port(listen.host)) > 0
                                      : http.bind_to_port(listen.host, listen.port);
  if (!bound)
    throw Error("cannot listen on " + listen.authority(listen.port) + ": " +
                (errno == 0 ? "refused" : std::strerror(errno)) +
                "; name another one with --listen ADDR:PORT, or none for any that is free");
}

void Http::start() {
  server_->thread = std::thread([this] { server_->http.listen_after_bind(); });
  // A stop before it listens would be lost.
  while (!server_->http.is_running()) std::this_thread::yield();
}

void Http::stop() {
  server_->http.stop();
  if (server_->thread.joinable()) server_->thread.join();
}

Http::~Http() {
  stop();
}

}  // namespace track::serve
