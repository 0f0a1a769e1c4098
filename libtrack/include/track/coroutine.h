// coroutine.h: a program's own word about its coroutines: when one is made, where it waits (file
// and line), since when, who awaits it, when it goes on, when it is destroyed.
//
// What the tracker finds without this header are frames that look like frames: it needs symbols, or
// code that it knows, and sees an arena's or a pool's frames only by their looks. What is told here
// is exact, in stripped programs too.
//
//   #include <track/coroutine.h>
//
//   struct task {
//     struct promise_type : track::traced_promise<promise_type> {
//       auto initial_suspend(track::place here = track::place::current()) noexcept {
//         return track_initial(std::suspend_always{}, here);
//       }
//       auto final_suspend() noexcept { return track_final(resume_the_awaiter{}); }
//       ...
//     };
//     bool await_suspend(std::coroutine_handle<> awaiter) {       // of the task, when awaited
//       coroutine.promise().track_awaited_by(awaiter);
//       ...
//
// Every `co_await` of such a coroutine is then told by the mixin's await_transform. A promise that
// has an await_transform of its own returns track_await(awaitable, here) from it; one that has a
// yield_value returns track_yield(awaiter, here).
//
// A coroutine whose promise cannot be changed (a library's) says where it waits in place:
//   co_await track::traced(queue.pop());
//
// What it waits for its awaiter can tell: the object (an address, named by track_lock_name) and
// what that is (wait.h). Then people see "waits for channel 0x55d0 (jobs), last woken by thread 3",
// and coroutines that wait for each other through locks are told as what they are, a deadlock:
//   struct channel::receiver {
//     track::wait_object track_wait_object() const noexcept {
//       return {channel_, TRACK_WAIT_CHANNEL};
//     }
//     ...
// It is asked when the coroutine is about to be suspended, and when it has gone on; it does not
// throw. Of a TRACK_WAIT_LOCK the coroutine that got through the co_await is taken for the owner
// until track_owner_clear(lock), which the lock's unlock says before it wakes anybody. A lock that
// several may have at once is a TRACK_WAIT_OTHER to those. Another library's awaitable is told of
// in place:
//   co_await track::waits_for(queue.pop(), &queue, TRACK_WAIT_QUEUE);
//
// Without libtrack.so in the process nothing is told: one test of a word for each event, under 1.5
// ns. With it an event costs some 10 ns (README, "What it costs"). With TRACK_DISABLE defined
// before this header is included, the names stay and nothing is left behind them: the mixin is
// empty, the functions return what they are given. All files that define one promise must agree on
// that.
//
// Threads: a coroutine runs on one thread at a time, and so its events come in order; that is all
// that is required. Different coroutines' events come from any threads at once. Nothing here
// blocks, allocates or throws by itself; what the awaited object throws passes through.
//
// The await_transform that gives every co_await its source location is the idea of
// std::source_location's own examples and of cppcoro's and folly's tracing; the frame's address as
// identity, and weak symbols for "no tracker, no cost", are Valgrind's client requests and the
// sanitizers' interface, done with symbols.
#ifndef TRACK_COROUTINE_H_
#define TRACK_COROUTINE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TRACK_WEAK
#define TRACK_WEAK __attribute__((weak))
#endif
#ifndef TRACK_NOTHROW
#define TRACK_NOTHROW __attribute__((nothrow))
#endif

// The C interface, for libraries that do not want the C++ below. Weak: null when libtrack.so is not
// there.

enum track_stage {
  TRACK_STAGE_INITIAL = 1, /* has not begun */
  TRACK_STAGE_AWAIT = 2,
  TRACK_STAGE_YIELD = 3,
  TRACK_STAGE_FINAL = 4, /* finished, waits to be destroyed */
};

/* A coroutine exists; frame = what coroutine_handle::address() says. Returns its id for the
 * functions below, 0 = it is not recorded (and never will be: the others need not be called). The
 * calling thread is its creator, the call's stack its creation stack. */
TRACK_WEAK uint32_t track_abi_coroutine_created(void* frame) TRACK_NOTHROW;

/* It is about to be suspended; before await_suspend, after which another thread may go on with it.
 * file and function (the coroutine's) must live as long as the module that the call is in; either
 * may be null, line 0 = unknown. At TRACK_STAGE_FINAL they are not looked at. */
TRACK_WEAK void track_abi_coroutine_suspended(uint32_t id, void* frame, enum track_stage stage,
                                              const char* file, const char* function,
                                              uint32_t line) TRACK_NOTHROW;

/* What it waits for from that suspension on, as wait.h has it; to be told right after it. */
TRACK_WEAK void track_abi_coroutine_waits_for(uint32_t id, void* frame, const void* object,
                                              uint32_t kind) TRACK_NOTHROW;

/* It owns the object, until track_owner_clear() of wait.h, or another one does. 1, or 0 when there
 * is no room. */
TRACK_WEAK int track_abi_coroutine_owns(uint32_t id, void* frame, const void* object) TRACK_NOTHROW;

/* It goes on, on the calling thread; also when it was not suspended after all. */
TRACK_WEAK void track_abi_coroutine_resumed(uint32_t id, void* frame) TRACK_NOTHROW;

/* The coroutine of which `awaiter` is the frame goes on when this one ends; null = none does. */
TRACK_WEAK void track_abi_coroutine_awaited_by(uint32_t id, void* frame,
                                               void* awaiter) TRACK_NOTHROW;

/* It is destroyed; its frame is still there, and its id is not used any more. */
TRACK_WEAK void track_abi_coroutine_destroyed(uint32_t id, void* frame) TRACK_NOTHROW;

/* Says of a coroutine what track.h has functions for: its name ("": none), that it is there to
 * stay. 1, or 0 when there is no room. */
TRACK_WEAK int track_abi_coroutine_name(const void* frame, const char* name) TRACK_NOTHROW;
TRACK_WEAK int track_abi_coroutine_long_lived(const void* frame, int expected) TRACK_NOTHROW;

#ifdef __cplusplus
}

#include <concepts>
#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>
#if __has_include(<source_location>)
#include <source_location>
#endif

namespace track {

// A source location; std::source_location where the compiler has it, for then the function's name
// is the whole one.
class place {
 public:
#ifdef __cpp_lib_source_location
  static constexpr place current(
      std::source_location here = std::source_location::current()) noexcept {
    return place(here);
  }
  constexpr explicit place(std::source_location here) noexcept : here_(here) {}
  constexpr const char* file() const noexcept {
    return here_.file_name();
  }
  constexpr const char* function() const noexcept {
    return here_.function_name();
  }
  constexpr uint32_t line() const noexcept {
    return here_.line();
  }

 private:
  std::source_location here_;
#else
  static constexpr place current(const char* file = __builtin_FILE(),
                                 const char* function = __builtin_FUNCTION(),
                                 uint32_t line = __builtin_LINE()) noexcept {
    return place(file, function, line);
  }
  constexpr place(const char* file, const char* function, uint32_t line)
      : file_(file), function_(function), line_(line) {}
  constexpr const char* file() const noexcept {
    return file_;
  }
  constexpr const char* function() const noexcept {
    return function_;
  }
  constexpr uint32_t line() const noexcept {
    return line_;
  }

 private:
  const char* file_;
  const char* function_;
  uint32_t line_;
#endif
};

// What an awaiter's coroutine waits for. kind: a track_wait_kind (wait.h).
struct wait_object {
  const void* object;
  uint32_t kind;
};

#ifndef TRACK_DISABLE

namespace detail {

template <class Awaiter>
concept tells_object = requires(std::remove_reference_t<Awaiter>& awaiter) {
  { awaiter.track_wait_object() } -> std::convertible_to<wait_object>;
};

// What co_await asks of what it is given: its operator co_await, a free one, or itself.
template <class Awaitable>
decltype(auto) awaiter_of(Awaitable&& awaitable) {
  if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); })
    return std::forward<Awaitable>(awaitable).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); })
    return operator co_await(std::forward<Awaitable>(awaitable));
  else
    return std::forward<Awaitable>(awaitable);
}

// An rvalue given to `co_await` itself lives until that is over, and is only referred to.
template <class Awaitable>
using awaiter_type = decltype(awaiter_of(std::declval<Awaitable>()));

// One made in a function on the way there does not: it is moved, if it can be.
template <class Awaiter>
using kept_type = std::conditional_t<std::is_rvalue_reference_v<Awaiter> &&
                                         std::is_move_constructible_v<std::remove_cvref_t<Awaiter>>,
                                     std::remove_cvref_t<Awaiter>, Awaiter>;

// One coroutine as the tracker knows it. id 0: it does not.
struct told {
  void* frame;
  uint32_t id;

  static told created(void* frame) noexcept {
    return {frame, track_abi_coroutine_created != nullptr ? track_abi_coroutine_created(frame) : 0};
  }
  void suspended(track_stage stage, const place& here) const noexcept {
    if (id != 0)
      track_abi_coroutine_suspended(id, frame, stage, here.file(), here.function(), here.line());
  }
  void resumed() const noexcept {
    if (id != 0) track_abi_coroutine_resumed(id, frame);
  }
  void waits_for(const wait_object& wait) const noexcept {
    if (id != 0 && track_abi_coroutine_waits_for != nullptr)
      track_abi_coroutine_waits_for(id, frame, wait.object, wait.kind);
  }
  void owns(const void* object) const noexcept {
    if (id != 0 && track_abi_coroutine_owns != nullptr) track_abi_coroutine_owns(id, frame, object);
  }
  void awaited_by(void* awaiter) const noexcept {
    if (id != 0) track_abi_coroutine_awaited_by(id, frame, awaiter);
  }
  void destroyed() const noexcept {
    if (id != 0) track_abi_coroutine_destroyed(id, frame);
  }
  template <class Awaiter, class Promise>
  auto suspend(Awaiter& awaiter, std::coroutine_handle<Promise> coroutine) const;
};

// An await_suspend that throws leaves the coroutine where it was, running. Until then its awaiter
// is there; after a return it may be gone, and `told` with it.
template <class Awaiter, class Promise>
auto told::suspend(Awaiter& awaiter, std::coroutine_handle<Promise> coroutine) const {
#ifdef __cpp_exceptions
  if constexpr (!noexcept(awaiter.await_suspend(coroutine))) {
    try {
      return awaiter.await_suspend(coroutine);
    } catch (...) {
      resumed();
      throw;
    }
  } else {
    return awaiter.await_suspend(coroutine);
  }
#else
  return awaiter.await_suspend(coroutine);
#endif
}

// A co_await of a lock that ends without an exception has got it.
template <class Told>
class owner_after {
 public:
  owner_after(const Told& coroutine, const wait_object& wait) noexcept
      : coroutine_(coroutine), wait_(wait), exceptions_(std::uncaught_exceptions()) {}
  owner_after(const owner_after&) = delete;
  owner_after& operator=(const owner_after&) = delete;
  ~owner_after() {
    constexpr uint32_t kLock = 1;  // TRACK_WAIT_LOCK, not timed
    if (wait_.kind == kLock && std::uncaught_exceptions() == exceptions_)
      coroutine_.owns(wait_.object);
  }

 private:
  const Told& coroutine_;
  const wait_object wait_;
  const int exceptions_;
};

// Stands for an awaiter within a coroutine whose promise is traced.
template <class Awaiter, class Told>
class traced_awaiter {
 public:
  template <class Awaitable>
  traced_awaiter(Awaitable&& awaitable, const Told& coroutine, track_stage stage, const place& here)
      : awaiter_(awaiter_of(std::forward<Awaitable>(awaitable))),
        coroutine_(coroutine),
        here_(here),
        stage_(stage) {}
  traced_awaiter(const traced_awaiter&) = delete;
  traced_awaiter& operator=(const traced_awaiter&) = delete;

  decltype(auto) await_ready() noexcept(noexcept(std::declval<Awaiter&>().await_ready())) {
    return awaiter_.await_ready();
  }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
      noexcept(std::declval<Awaiter&>().await_suspend(coroutine))) {
    suspended_ = true;
    coroutine_.suspended(stage_, here_);
    if constexpr (tells_object<Awaiter>) coroutine_.waits_for(awaiter_.track_wait_object());
    return coroutine_.suspend(awaiter_, coroutine);
  }
  decltype(auto) await_resume() noexcept(noexcept(std::declval<Awaiter&>().await_resume())) {
    if (suspended_) coroutine_.resumed();
    if constexpr (tells_object<Awaiter>) {
      const owner_after own(coroutine_, awaiter_.track_wait_object());
      return awaiter_.await_resume();
    } else {
      return awaiter_.await_resume();
    }
  }

 private:
  Awaiter awaiter_;  // may be a reference
  const Told& coroutine_;
  const place here_;
  const track_stage stage_;
  bool suspended_ = false;
};

// The same in a coroutine of which nothing is known before and after: recorded while it waits.
template <class Awaiter>
class traced_wait {
 public:
  template <class Awaitable>
  traced_wait(Awaitable&& awaitable, const place& here)
      : awaiter_(awaiter_of(std::forward<Awaitable>(awaitable))), here_(here) {}
  traced_wait(const traced_wait&) = delete;
  traced_wait& operator=(const traced_wait&) = delete;
  // Resumed, or destroyed while it waited.
  ~traced_wait() { over(); }

  decltype(auto) await_ready() noexcept(noexcept(std::declval<Awaiter&>().await_ready())) {
    return awaiter_.await_ready();
  }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
      noexcept(std::declval<Awaiter&>().await_suspend(coroutine))) {
    coroutine_ = told::created(coroutine.address());
    coroutine_.suspended(TRACK_STAGE_AWAIT, here_);
    if constexpr (tells_object<Awaiter>) coroutine_.waits_for(awaiter_.track_wait_object());
    return coroutine_.suspend(awaiter_, coroutine);
  }
  decltype(auto) await_resume() noexcept(noexcept(std::declval<Awaiter&>().await_resume())) {
    over();
    return awaiter_.await_resume();
  }

 private:
  void over() noexcept {
    coroutine_.destroyed();
    coroutine_.id = 0;
  }

  Awaiter awaiter_;
  told coroutine_{nullptr, 0};
  const place here_;
};

// An awaiter of another library, with what it waits for.
template <class Awaiter>
class object_awaiter {
 public:
  template <class Awaitable>
  object_awaiter(Awaitable&& awaitable, const wait_object& wait)
      : awaiter_(awaiter_of(std::forward<Awaitable>(awaitable))), wait_(wait) {}

  wait_object track_wait_object() const noexcept { return wait_; }
  decltype(auto) await_ready() noexcept(noexcept(std::declval<Awaiter&>().await_ready())) {
    return awaiter_.await_ready();
  }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
      noexcept(std::declval<Awaiter&>().await_suspend(coroutine))) {
    return awaiter_.await_suspend(coroutine);
  }
  decltype(auto) await_resume() noexcept(noexcept(std::declval<Awaiter&>().await_resume())) {
    return awaiter_.await_resume();
  }

 private:
  Awaiter awaiter_;  // may be a reference
  wait_object wait_;
};

}  // namespace detail

// The mixin: `struct promise_type : track::traced_promise<promise_type>`. Tells that the coroutine
// is made and destroyed, and of every co_await. 16 bytes of the frame, and 32 where it waits. Told
// is not to be named: track/coroutine_labels.h has another one.
template <class Promise, class Told = detail::told>
class traced_promise {
 public:
  traced_promise(const traced_promise&) = delete;
  traced_promise& operator=(const traced_promise&) = delete;

  // Of every co_await in the coroutine; hidden by an await_transform of the promise's own.
  template <class Awaitable>
  auto await_transform(Awaitable&& awaitable, place here = place::current()) {
    return detail::traced_awaiter<detail::awaiter_type<Awaitable>, Told>(
        std::forward<Awaitable>(awaitable), told_, TRACK_STAGE_AWAIT, here);
  }

  // Stands for the awaitable, which is moved if it is an rvalue and can be. From a promise's own
  // await_transform, which returns decltype(auto).
  template <class Awaitable>
  auto track_await(Awaitable&& awaitable, place here = place::current()) {
    return track_at(std::forward<Awaitable>(awaitable), TRACK_STAGE_AWAIT, here);
  }
  // The same from yield_value.
  template <class Awaitable>
  auto track_yield(Awaitable&& awaitable, place here = place::current()) {
    return track_at(std::forward<Awaitable>(awaitable), TRACK_STAGE_YIELD, here);
  }
  // The same from initial_suspend and final_suspend. Where they are left out, a coroutine that has
  // not begun is shown as running; that it is finished its frame says, too. `here` is
  // initial_suspend's default argument: there it names the coroutine.
  template <class Awaitable>
  auto track_initial(Awaitable&& awaitable, place here) noexcept {
    return track_at(std::forward<Awaitable>(awaitable), TRACK_STAGE_INITIAL, here);
  }
  template <class Awaitable>
  auto track_final(Awaitable&& awaitable) noexcept {
    return track_at(std::forward<Awaitable>(awaitable), TRACK_STAGE_FINAL, place::current());
  }

  // The coroutine that goes on when this one ends; before this one is resumed for it.
  void track_awaited_by(std::coroutine_handle<> awaiter) noexcept {
    told_.awaited_by(awaiter.address());
  }

 protected:
  traced_promise() noexcept
      : told_(Told::created(
            std::coroutine_handle<Promise>::from_promise(static_cast<Promise&>(*this)).address())) {
  }
  ~traced_promise() { told_.destroyed(); }

 private:
  template <class Awaitable>
  auto track_at(Awaitable&& awaitable, track_stage stage, const place& here) {
    using Awaiter = detail::kept_type<detail::awaiter_type<Awaitable>>;
    return detail::traced_awaiter<Awaiter, Told>(std::forward<Awaitable>(awaitable), told_, stage,
                                                 here);
  }

  const Told told_;
};

// For a co_await in a coroutine whose promise is not traced, and there only. Recorded while it
// waits.
template <class Awaitable>
auto traced(Awaitable&& awaitable, place here = place::current()) {
  using Awaiter = detail::kept_type<detail::awaiter_type<Awaitable>>;
  return detail::traced_wait<Awaiter>(std::forward<Awaitable>(awaitable), here);
}

// In a coroutine whose promise is traced, or within traced(): the awaitable waits for the object,
// of that kind (wait.h).
template <class Awaitable>
auto waits_for(Awaitable&& awaitable, const void* object, uint32_t kind) {
  using Awaiter = detail::kept_type<detail::awaiter_type<Awaitable>>;
  return detail::object_awaiter<Awaiter>(std::forward<Awaitable>(awaitable),
                                         wait_object{object, kind});
}

// `co_await track::name("session")` in a coroutine, whatever its promise: names it, as
// track_coroutine_name does, and goes on at once.
class [[nodiscard]] name {
 public:
  explicit name(const char* text) : text_(text) {}
  bool await_ready() const noexcept { return track_abi_coroutine_name == nullptr; }
  bool await_suspend(std::coroutine_handle<> coroutine) const noexcept {
    track_abi_coroutine_name(coroutine.address(), text_);
    return false;
  }
  void await_resume() const noexcept {}

 private:
  const char* text_;
};

// `co_await track::long_lived()`: the coroutine is there to stay, see track_task_long_lived.
class [[nodiscard]] long_lived {
 public:
  bool await_ready() const noexcept { return track_abi_coroutine_long_lived == nullptr; }
  bool await_suspend(std::coroutine_handle<> coroutine) const noexcept {
    track_abi_coroutine_long_lived(coroutine.address(), 1);
    return false;
  }
  void await_resume() const noexcept {}
};

#else  // TRACK_DISABLE: each gives back what it was given.

namespace detail {
// g++ 12 copies an awaited rvalue; and a temporary that cannot be moved it cannot take through the
// function traced, only straight from co_await.
template <class Awaitable>
using kept_type =
    std::conditional_t<std::is_lvalue_reference_v<Awaitable> ||
                           !std::is_move_constructible_v<std::remove_cvref_t<Awaitable>>,
                       std::remove_reference_t<Awaitable>&, std::remove_cvref_t<Awaitable>>;
}  // namespace detail

template <class Promise>
class traced_promise {
 public:
  template <class Awaitable>
  detail::kept_type<Awaitable> track_await(Awaitable&& awaitable, place = place::current()) {
    return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
  }
  template <class Awaitable>
  detail::kept_type<Awaitable> track_yield(Awaitable&& awaitable, place = place::current()) {
    return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
  }
  template <class Awaitable>
  detail::kept_type<Awaitable> track_initial(Awaitable&& awaitable, place) noexcept {
    return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
  }
  template <class Awaitable>
  detail::kept_type<Awaitable> track_final(Awaitable&& awaitable) noexcept {
    return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
  }
  void track_awaited_by(std::coroutine_handle<>) noexcept {}
};

struct [[nodiscard]] name : std::suspend_never {
  explicit name(const char*) {}
};
struct [[nodiscard]] long_lived : std::suspend_never {};

template <class Awaitable>
detail::kept_type<Awaitable> waits_for(Awaitable&& awaitable, const void*, uint32_t) {
  return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
}
template <class Awaitable>
detail::kept_type<Awaitable> traced(Awaitable&& awaitable, place = place::current()) {
  return static_cast<detail::kept_type<Awaitable>&&>(awaitable);
}

#endif

}  // namespace track

#endif  // __cplusplus

#endif  // TRACK_COROUTINE_H_
