// One request to the endpoint, and what became of it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/push/endpoint.h"

namespace track::push {

enum class Fate : uint8_t {
  sent,
  later,    // not now: it is away, or has too much to do
  refused,  // never: it would refuse it again
};

struct Outcome {
  Fate fate = Fate::sent;
  std::string why;                  // of what was not sent; no secret is in it
  std::chrono::nanoseconds wait{};  // what it asks to be waited; 0 = it does not say
};

class Sender {
 public:
  // ca_file: certificates to trust besides the system's, for https; may be empty.
  Sender(Endpoint endpoint, Secrets secrets, std::chrono::nanoseconds timeout,
         const std::string& ca_file);
  ~Sender();

  Outcome send(const Parcel& parcel);
  // From another thread: what is being sent just now ends early, with Fate::later.
  void stop();

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  struct Client;
  std::string harmless(std::string text) const;

  const Endpoint endpoint_;
  const Secrets secrets_;
  std::unique_ptr<Client> client_;
};

// Of an answer's header: seconds, or a date. 0: it says nothing that can be used.
std::chrono::nanoseconds retry_after(const std::string& text, uint64_t now_ns);

// A status as one of the three.
Fate fate_of(int status);

}  // namespace track::push
