// what: A connection permit is not given back on an error; two later clients wait for it (S08).
// expect: outlived-task suspected count=2 created_by=start_clients blocked_in=query
#include <latch>
#include <semaphore>
#include <thread>

static std::counting_semaphore<4> permits(1);
static std::latch wanting(2);

bool run(int client) {
  return client != 0;
}

void query(int client) {
  if (client != 0) wanting.count_down();
  permits.acquire();
  if (!run(client)) return;
  permits.release();
}

void start_clients() {
  for (int client = 1; client <= 2; ++client) std::thread(query, client).detach();
}

int main() {
  query(0);
  start_clients();
  wanting.wait();
}
