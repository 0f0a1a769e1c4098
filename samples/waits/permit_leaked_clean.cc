// what: A connection permit is given back on every path.
// expect: clean
#include <semaphore>
#include <thread>
#include <vector>

static std::counting_semaphore<4> permits(1);

bool run(int client) {
  return client != 0;
}

bool query(int client) {
  permits.acquire();
  const bool answered = run(client);
  permits.release();
  return answered;
}

int main() {
  std::vector<std::jthread> clients;
  for (int client = 0; client < 3; ++client) clients.emplace_back([client] { query(client); });
}
