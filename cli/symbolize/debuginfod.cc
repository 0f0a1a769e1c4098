#include "cli/symbolize/debuginfod.h"

#include <dlfcn.h>

#include <cstdlib>
#include <memory>

namespace track::symbolize {
namespace {

// The client library is optional and brings curl with it, so it is bound when first wanted.
struct Client {
  void* (*begin)() = nullptr;
  void (*end)(void*) = nullptr;
  int (*find_debuginfo)(void*, const unsigned char*, int, char**) = nullptr;

  Client() {
    void* library = ::dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    begin = reinterpret_cast<decltype(begin)>(::dlsym(library, "debuginfod_begin"));
    end = reinterpret_cast<decltype(end)>(::dlsym(library, "debuginfod_end"));
    find_debuginfo =
        reinterpret_cast<decltype(find_debuginfo)>(::dlsym(library, "debuginfod_find_debuginfo"));
  }
  bool usable() const { return begin && end && find_debuginfo; }
};

void note_once(bool& noted, const char* text, std::vector<std::string>& notes) {
  if (!noted) notes.emplace_back(text);
  noted = true;
}

}  // namespace

int fetch_debug_file(const std::string& build_id, std::string& path,
                     std::vector<std::string>& notes) {
  static const Client client;
  static bool library_noted = false, servers_noted = false;
  if (!client.usable()) {
    note_once(library_noted, "debuginfod: not available: install libdebuginfod1", notes);
    return -1;
  }
  const char* servers = std::getenv("DEBUGINFOD_URLS");
  if (!servers || !*servers) {
    note_once(servers_noted, "debuginfod: no server: set DEBUGINFOD_URLS", notes);
    return -1;
  }
  const std::unique_ptr<void, decltype(client.end)> session(client.begin(), client.end);
  if (!session) return -1;
  char* found = nullptr;
  const auto* id = reinterpret_cast<const unsigned char*>(build_id.c_str());
  const int fd = client.find_debuginfo(session.get(), id, 0, &found);  // 0: hex text
  if (found) path = found;
  std::free(found);
  return fd < 0 ? -1 : fd;
}

}  // namespace track::symbolize
