// Where profiles are sent, in which form, and as whom.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/push/parcel.h"

namespace track::push {

enum class Form : uint8_t {
  connect,  // Pyroscope's push.v1.PusherService/Push, as JSON of the Connect protocol
  ingest,   // Pyroscope's older /ingest
  parca,    // Parca's ProfileStoreService.WriteRaw by its HTTP binding
};

struct Endpoint {
  std::string origin;  // "http://host:4040"
  std::string path;    // "/push.v1.PusherService/Push"
  Form form = Form::connect;
  bool secure = false;    // https
  bool loopback = false;  // never leaves this machine
};

// protocol: push, ingest, parca; empty: by the URL's path, else push. Throws Error.
Endpoint parse_endpoint(const std::string& url, const std::string& protocol);

// Who sends: headers that are never printed.
struct Secrets {
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> words;  // what has to be left out wherever it turns up
};

// From files, or the environment: TRACK_PUSH_BEARER, TRACK_PUSH_BASIC (user:password). Throws
// Error, which names no secret.
Secrets collect_secrets(const std::string& bearer_file, const std::string& basic_file,
                        const std::string& tenant);

// What the endpoint is asked.
struct Message {
  std::string path, content_type, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

Message message_of(const Endpoint& endpoint, const Parcel& parcel);

}  // namespace track::push
