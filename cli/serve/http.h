// HTTP/1.1: one thread a connection, which at most so many have.
#pragma once

#include <functional>
#include <memory>

#include "cli/serve/address.h"
#include "cli/serve/request.h"

namespace track::serve {

class Http {
 public:
  // Listens. Throws Error: the port is in use, no such address.
  Http(const ListenAddress& listen, std::function<Reply(const Request&)> answer);
  ~Http();  // ends and waits for every connection

  int port() const { return port_; }
  void start();  // answers from now on, in threads of its own
  void stop();

 private:
  struct Server;
  std::unique_ptr<Server> server_;
  int port_ = 0;
};

}  // namespace track::serve
