// what: Two transfers in opposite directions; std::scoped_lock takes both locks without a cycle.
// expect: clean
#include <mutex>
#include <thread>

struct Account {
  std::mutex mutex;
  int balance = 100;
};

static Account savings, salary;

void transfer(Account& from, Account& to, int amount) {
  std::scoped_lock both(from.mutex, to.mutex);
  from.balance -= amount;
  to.balance += amount;
}

void transfer_often(Account& from, Account& to) {
  for (int i = 0; i < 1000; ++i) transfer(from, to, 1);
}

int main() {
  std::jthread out(transfer_often, std::ref(savings), std::ref(salary));
  std::jthread back(transfer_often, std::ref(salary), std::ref(savings));
}
