// what: A POSIX semaphore is posted once for each waiter.
// expect: clean
#include <pthread.h>
#include <semaphore.h>

static sem_t pages;

static void* print_page(void*) {
  while (sem_wait(&pages) != 0) {
  }
  return nullptr;
}

int main() {
  sem_init(&pages, 0, 0);
  pthread_t printers[2];
  for (pthread_t& printer : printers) pthread_create(&printer, nullptr, print_page, nullptr);
  for (int i = 0; i < 2; ++i) sem_post(&pages);
  for (pthread_t printer : printers) pthread_join(printer, nullptr);
  sem_destroy(&pages);
}
