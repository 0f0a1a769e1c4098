// Where the server listens, and which names a browser may call it by. A page of another site that
// makes its own name point at this machine (DNS rebinding) still says that name in `Host`.
#pragma once

#include <string>

namespace track::serve {

struct ListenAddress {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free

  bool loopback() const;
  std::string authority(int bound_port) const;  // "127.0.0.1:4711", "[::1]:4711"
};

// "ADDR:PORT", "[ADDR]:PORT", "ADDR" or "PORT"; addresses in figures, or localhost. Throws Error.
ListenAddress parse_listen(const std::string& text);

// host: as the header says it. Through a tunnel the port is another one.
bool host_allowed(const std::string& host, const ListenAddress& listen);

// Whether a page of this origin is one of ours; empty: no page asks.
bool origin_allowed(const std::string& origin, const std::string& host);

// Of 128 bits from the kernel, as hexadecimal figures. Throws Error.
std::string random_token();

// Takes as long whatever differs.
bool same_secret(const std::string& given, const std::string& secret);

}  // namespace track::serve
