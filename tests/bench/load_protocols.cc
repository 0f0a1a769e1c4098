#include "tests/bench/load_protocols.h"

#include <array>
#include <cstddef>

namespace track::bench {
namespace {

constexpr uint64_t kKeys = 50;

std::string key_of(int connection, uint64_t number) {
  return "key:" + std::to_string(connection) + ":" + std::to_string(number / 2 % kKeys);
}

std::string value_of(int connection, uint64_t number) {
  const uint64_t pair = number / 2;
  return std::string(20 + pair * 37 % 400, static_cast<char>('a' + pair % 26)) +
         std::to_string(connection) + "." + std::to_string(pair);
}

// The reply is `expected`, whole and nothing else.
Answer judge_exact(std::string_view received, std::string_view expected) {
  if (received == expected) return Answer::right;
  return expected.starts_with(received) ? Answer::incomplete : Answer::wrong;
}

Exchange make_memcached(int connection, uint64_t number) {
  const std::string key = key_of(connection, number);
  const std::string value = value_of(connection, number);
  const std::string head = key + " 0 " + (number % 2 == 0 ? "0 " : "");
  if (number % 2 == 0) {
    return {"set " + head + std::to_string(value.size()) + "\r\n" + value + "\r\n", "STORED\r\n"};
  }
  return {"get " + key + "\r\n",
          "VALUE " + head + std::to_string(value.size()) + "\r\n" + value + "\r\nEND\r\n"};
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

Exchange make_redis(int connection, uint64_t number) {
  const std::string key = key_of(connection, number);
  const std::string value = value_of(connection, number);
  if (number % 2 == 0) {
    return {"*3\r\n" + bulk("SET") + bulk(key) + bulk(value), "+OK\r\n"};
  }
  return {"*2\r\n" + bulk("GET") + bulk(key), bulk(value)};
}

Exchange make_line(int connection, uint64_t number) {
  const std::string line = value_of(connection, number) + "\n";
  return {line, line};
}

Exchange make_http(int, uint64_t) {
  return {"GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n"};
}

// `expected` is how the reply begins; its length is what Content-Length says.
Answer judge_http(std::string_view received, std::string_view expected) {
  const size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return Answer::incomplete;
  if (!received.starts_with(expected)) return Answer::wrong;
  constexpr std::string_view kLength = "Content-Length: ";
  const size_t at = received.find(kLength);
  if (at == std::string_view::npos || at > end) return Answer::wrong;
  const size_t body = std::stoul(std::string(received.substr(at + kLength.size(), 12)));
  const size_t whole = end + 4 + body;
  if (received.size() < whole) return Answer::incomplete;
  // The served file repeats one line.
  const bool ends_well = body == 0 || received.back() == '\n';
  return received.size() == whole && ends_well ? Answer::right : Answer::wrong;
}

std::string mysql_packet(unsigned sequence, const std::string& payload) {
  std::string packet;
  for (int shift : {0, 8, 16}) packet += static_cast<char>(payload.size() >> shift & 0xff);
  return packet + static_cast<char>(sequence) + payload;
}

std::string mysql_login() {
  // long password, with database, protocol 4.1, transactions, secure connection, plugin auth
  constexpr uint32_t kCapabilities = 1 | 8 | 0x200 | 0x2000 | 0x8000 | 0x80000;
  std::string payload;
  for (int shift : {0, 8, 16, 24}) payload += static_cast<char>(kCapabilities >> shift & 0xff);
  payload += std::string("\0\0\0\1", 4);  // largest packet: 16 MiB
  payload += static_cast<char>(45);       // utf8mb4
  payload += std::string(23, '\0');
  payload += std::string("root\0\0bench\0mysql_native_password\0", 34);
  return mysql_packet(1, payload);
}

// `expected`: "greeting", "ok", or the text of the last cell of a result set.
Answer judge_mysql(std::string_view received, std::string_view expected) {
  std::string_view last_row;
  int ends = 0;
  for (size_t at = 0; at < received.size();) {
    const std::string_view rest = received.substr(at);
    if (rest.size() < 5) return Answer::incomplete;
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(rest[i]); };
    const size_t size = byte(0) | byte(1) << 8 | byte(2) << 16;
    if (rest.size() < 4 + size) return Answer::incomplete;
    const std::string_view payload = rest.substr(4, size);
    const bool last = at + 4 + size == received.size();
    if (byte(4) == 0xff) return Answer::wrong;  // an error packet
    if (expected == "greeting") return byte(4) == 10 && last ? Answer::right : Answer::wrong;
    if (expected == "ok") return byte(4) == 0 && last ? Answer::right : Answer::wrong;
    if (byte(4) == 0xfe && size < 9) {
      if (++ends == 2) return last_row.ends_with(expected) && last ? Answer::right : Answer::wrong;
    } else if (ends == 1) {
      last_row = payload;
    }
    at += 4 + size;
  }
  return Answer::incomplete;
}

Exchange make_mysql(int connection, uint64_t number) {
  if (number == 0) return {"", "greeting"};
  if (number == 1) return {mysql_login(), "ok"};
  const std::string id = std::to_string((number * 7 + static_cast<uint64_t>(connection)) % 1000);
  const std::string where = " WHERE id = " + id;
  if (number % 4 == 0) {
    return {mysql_packet(0, "\3UPDATE bench.t SET n = n + 1" + where), "ok"};
  }
  return {mysql_packet(0, "\3SELECT id, v FROM bench.t" + where), "value " + id};
}

constexpr std::array<Protocol, 5> kProtocols = {{
    {"memcached", 0, make_memcached, judge_exact},
    {"redis", 0, make_redis, judge_exact},
    {"http", 0, make_http, judge_http},
    {"mysql", 2, make_mysql, judge_mysql},
    {"line", 0, make_line, judge_exact},
}};

}  // namespace

const Protocol* find_protocol(std::string_view name) {
  for (const Protocol& protocol : kProtocols) {
    if (name == protocol.name) return &protocol;
  }
  return nullptr;
}

}  // namespace track::bench
