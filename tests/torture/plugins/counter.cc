// A plug-in with state, threads' work and two function addresses that look like a coroutine's.
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>

extern "C" int plugin_work(int n) {
  auto text = std::make_unique<std::string>(static_cast<size_t>(n % 50) + 20, 'x');
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
  return static_cast<int>(text->size());
}
extern "C" void plugin_first(void*) {}
extern "C" void plugin_second(void*) {
  usleep(1);
}
extern "C" void* plugin_object() {
  auto* words = static_cast<void**>(malloc(64));
  words[0] = reinterpret_cast<void*>(&plugin_first);
  words[1] = reinterpret_cast<void*>(&plugin_second);
  return words;
}
