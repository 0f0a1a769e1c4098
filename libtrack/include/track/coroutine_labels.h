/* coroutine_labels.h: coroutines that keep their labels (track.h), whichever thread resumes them.
 *
 *   struct promise_type : track::labelled_promise<promise_type> {
 *     ...                                    // all that traced_promise asks for, and track_final
 *
 * A coroutine begins with the labels, and in the scope, of who makes it. With traced_promise alone
 * it runs with those of the thread that resumes it. With labelled_promise it has its own again each
 * time it goes on, and what it has set meanwhile, so that what it starts belongs to its test,
 * tenant or request; who resumed it, or went on to it from another coroutine, has his own again
 * when it is suspended or ends. Until its await_suspend returns they are still the coroutine's: a
 * job that is posted there carries them.
 *
 * The promise's final_suspend returns track_final(...), or the thread would be left with the labels
 * of a coroutine that has ended: that is checked. For the same reason its unhandled_exception does
 * not throw. Like all kept labels, those of a coroutine that is suspended keep no scope (track.h).
 *
 * Costs what traced_promise does, and some 25 ns for being suspended and resumed; another 12 bytes
 * of the frame. Not tracked, the test of a null pointer each; with TRACK_DISABLE nothing is left.
 */
#ifndef TRACK_COROUTINE_LABELS_H_
#define TRACK_COROUTINE_LABELS_H_

#include "coroutine.h"
#include "track.h"

namespace track {

#ifndef TRACK_DISABLE

namespace detail {

struct told_with_labels : told {
  mutable track_labels_t own, resumers;
  mutable bool runs;

  static told_with_labels created(void* frame) noexcept {
    const track_labels_t labels = track_labels();
    return {told::created(frame), labels, labels, true};
  }
  void resumed() const noexcept {
    told::resumed();
    runs = true;
    resumers = track_labels_use(own);
  }
  // It ends without being suspended.
  void destroyed() const noexcept {
    if (runs) track_labels_use(resumers);
    told::destroyed();
  }
  // Not inlined: clang would keep what has to be known afterwards in the frame, which may be gone.
  template <class Awaiter, class Promise>
  [[gnu::noinline]] auto suspend(Awaiter& awaiter, std::coroutine_handle<Promise> coroutine) const {
    const track_labels_t of_resumer = resumers;
    own = track_labels();
    runs = false;
    const undo stay{*this};
    if constexpr (std::is_void_v<decltype(awaiter.await_suspend(coroutine))>) {
      awaiter.await_suspend(coroutine);
      stay.left(of_resumer);
    } else {
      auto next = awaiter.await_suspend(coroutine);
      stay.left(of_resumer);
      return next;
    }
  }

 private:
  // What threw leaves it running, with its labels.
  struct undo {
    const told_with_labels& coroutine;
    mutable bool threw = true;
    void left(track_labels_t of_resumer) const noexcept {
      threw = false;
      track_labels_use(of_resumer);
    }
    ~undo() {
      if (!threw) return;
      coroutine.told::resumed();
      coroutine.runs = true;
    }
  };
};

template <class Awaiter>
inline constexpr bool keeps_labels = false;
template <class Awaiter>
inline constexpr bool keeps_labels<traced_awaiter<Awaiter, told_with_labels>> = true;

}  // namespace detail

template <class Promise>
class labelled_promise : public traced_promise<Promise, detail::told_with_labels> {
 protected:
  labelled_promise() noexcept {
    static_assert(detail::keeps_labels<decltype(std::declval<Promise&>().final_suspend())>,
                  "final_suspend has to return track_final(...)");
  }
};

#else

template <class Promise>
class labelled_promise : public traced_promise<Promise> {};

#endif

}  // namespace track

#endif  // TRACK_COROUTINE_LABELS_H_
