// what: Blocks that nothing refers to are found, by the place that allocated them; no gate fails.
// expect: leaked-memory proved count=3 created_by=lose_sessions
// expect: leaked-memory proved count=1 created_by=lose_text
// options: --memory
// exit: 0
// flags: -O0
#include <cstring>
#include <memory>

struct Session {
  virtual ~Session() = default;
  std::unique_ptr<int[]> room = std::make_unique<int[]>(100);
};

[[gnu::noinline]] static void lose_sessions() {
  for (int i = 0; i < 3; ++i) {
    auto* session = new Session;
    session->room[0] = i;
  }
}

[[gnu::noinline]] static void lose_text() {
  char* text = strdup("Nobody will ever read this.");
  text = static_cast<char*>(std::realloc(text, 5000));
  text[4999] = 0;
}

[[gnu::noinline]] static void wipe_stack() {
  volatile char room[8192];
  for (volatile char& byte : room) byte = 0;
}

int main() {
  lose_sessions();
  lose_text();
  wipe_stack();
}
