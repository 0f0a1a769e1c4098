// what: blocks freed by other threads, realloc that moves, addresses used again at once
// flags: -std=c++20
#include <atomic>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  std::atomic<void*> mailbox{nullptr};
  constexpr long kBlocks = 2000;
  long freed = 0;
  std::thread consumer([&] {
    while (freed < kBlocks) {
      mailbox.wait(nullptr);
      free(mailbox.exchange(nullptr));
      mailbox.notify_one();
      ++freed;
    }
  });
  for (int i = 0; i < kBlocks; ++i) {
    void* block = malloc(static_cast<size_t>(i % 300) + 24);
    memset(block, i, 24);
    for (void* there = mailbox; there != nullptr; there = mailbox) mailbox.wait(there);
    mailbox = block;
    mailbox.notify_one();
  }
  consumer.join();
  SHOW(freed);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) {
        auto* text = static_cast<char*>(malloc(30));
        memset(text, i, 30);
        for (size_t bytes = 60; bytes < 300000; bytes *= 3) {
          text = static_cast<char*>(realloc(text, bytes));
          wrong += text[0] != i || text[29] != i;
        }
        free(text);
      }
    });
  for (auto& thread : threads) thread.join();
  SHOW(wrong.load());
}
