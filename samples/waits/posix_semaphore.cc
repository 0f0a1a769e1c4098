// what: A POSIX semaphore is posted once for two waiters (S08).
// expect: outlived-task suspected count=1 created_by=start_printers blocked_in=print_page
#include <pthread.h>
#include <semaphore.h>

#include <latch>

static sem_t pages, printed;
static std::latch waiting(2);

static void* print_page(void*) {
  waiting.count_down();
  while (sem_wait(&pages) != 0) {
  }
  sem_post(&printed);
  return nullptr;
}

static void start_printers() {
  for (int i = 0; i < 2; ++i) {
    pthread_t printer;
    pthread_create(&printer, nullptr, print_page, nullptr);
    pthread_detach(printer);
  }
}

int main() {
  sem_init(&pages, 0, 0);
  sem_init(&printed, 0, 0);
  start_printers();
  waiting.wait();
  sem_post(&pages);
  sem_wait(&printed);
}
