#include <mailer.h>

#include <thread>
#include <utility>

Mailer::Mailer() : letters_(std::make_shared<Letters>()) {
  std::thread([letters = letters_] { deliver(letters); }).detach();
}

Mailer::~Mailer() {
#ifdef MAILER_CLOSES
  {
    const std::lock_guard lock(letters_->mutex);
    letters_->closed = true;
  }
  letters_->changed.notify_all();
#endif
}

void Mailer::send(std::string letter) {
  {
    const std::lock_guard lock(letters_->mutex);
    letters_->waiting.push_back(std::move(letter));
  }
  letters_->changed.notify_all();
}

size_t Mailer::flush() {
  std::unique_lock lock(letters_->mutex);
  letters_->changed.wait(lock, [&] { return letters_->waiting.empty(); });
  return letters_->sent;
}

void Mailer::deliver(const std::shared_ptr<Letters>& letters) {
  std::unique_lock lock(letters->mutex);
  for (;;) {
    letters->changed.wait(lock, [&] { return letters->closed || !letters->waiting.empty(); });
    if (letters->waiting.empty()) return;
    letters->waiting.pop_front();
    ++letters->sent;
    letters->changed.notify_all();
  }
}
