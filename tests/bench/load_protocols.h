// load_protocols.h: what a client says to a server and what must come back, byte for byte where the
// protocol allows it. Plain functions, no state: exchange number n of connection c is always the
// same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace track::bench {

struct Exchange {
  std::string request;   // may be empty: the server speaks first
  std::string expected;  // meaning depends on the protocol
};

enum class Answer { incomplete, right, wrong };

struct Protocol {
  const char* name;
  uint64_t set_up;  // exchanges at the start that log in; not counted
  Exchange (*make)(int connection, uint64_t number);
  Answer (*judge)(std::string_view received, std::string_view expected);
};

// memcached, redis: sets and gets of own keys. http: GET /file. mysql: by primary key, and updates
// (root without a password, table bench.t). line: a line that the server sends back. Null: unknown.
const Protocol* find_protocol(std::string_view name);

}  // namespace track::bench
