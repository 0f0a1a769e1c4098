/* asio.h: labels that travel with Asio's handlers, through its own hook for handler tracking.
 *
 *   -DASIO_CUSTOM_HANDLER_TRACKING='<track/asio.h>'              standalone Asio
 *   -DBOOST_ASIO_CUSTOM_HANDLER_TRACKING='<track/asio.h>'        Boost.Asio
 *
 * or, with CMake, target_link_libraries(server PRIVATE track::asio), which says both. Nothing else
 * is to be written, and nothing is linked.
 *
 * A task that asks for an operation (post, a timer, a read, co_spawn, a co_await of one of these)
 * gives its handler the labels that it has (track/track.h). Whichever thread of the pool runs the
 * handler has them while it does, and then its own again. So what a test, tenant or request starts
 * over any number of handlers, coroutines and threads is its own: a leak names the test that began
 * the chain, however many tests share the io_context.
 *
 * All files of a program that include Asio must be compiled alike, the one with Asio's separately
 * compiled part as well: an operation is 8 bytes larger. Without libtrack.so a handler costs three
 * tests of a null pointer, with it some 8 ns. With TRACK_DISABLE nothing is left but the 8 bytes.
 * Threads: as Asio itself. Nothing here blocks, allocates, throws or prints.
 *
 * The macros are those that <asio/detail/handler_tracking.hpp> asks for (1.12 and later;
 * Boost 1.66 and later); what is asked by later versions only is defined, too.
 */
#ifndef TRACK_ASIO_H_
#define TRACK_ASIO_H_

#include "track.h"

namespace track {
namespace asio_handlers {

/* Base class of all operations of Asio's. */
class tracked_handler {
 protected:
  tracked_handler() : labels_(0) {}
  ~tracked_handler() {}

 private:
  friend class completion;
  template <class Context, class Handler, class... Rest>
  friend void creation(Context&, Handler&, const Rest&...);
  track_labels_t labels_;
};

/* (context, operation, type of the object, object, native handle, name of the operation) */
template <class Context, class Handler, class... Rest>
void creation(Context&, Handler& handler, const Rest&...) {
  static_cast<tracked_handler&>(handler).labels_ = track_labels();
}

/* Lives on the stack of who runs a handler; the operation may be gone before the handler begins. */
class completion {
 public:
  explicit completion(const tracked_handler& handler)
      : labels_(handler.labels_), before_(0), begun_(false) {}
  /* A handler that throws. */
  ~completion() { end(); }
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;

  template <class... Arguments>
  void begin(const Arguments&...) {
    before_ = track_labels_use(labels_);
    begun_ = true;
  }
  void end() {
    if (begun_) track_labels_use(before_);
    begun_ = false;
  }

 private:
  const track_labels_t labels_;
  track_labels_t before_;
  bool begun_;
};

} /* namespace asio_handlers */
} /* namespace track */

#define ASIO_INHERIT_TRACKED_HANDLER : public ::track::asio_handlers::tracked_handler
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER , public ::track::asio_handlers::tracked_handler
#define ASIO_HANDLER_TRACKING_INIT (void)0
#define ASIO_HANDLER_LOCATION(arguments) (void)0
#define ASIO_HANDLER_CREATION(arguments) ::track::asio_handlers::creation arguments
#define ASIO_HANDLER_COMPLETION(arguments) \
  ::track::asio_handlers::completion tracked_completion arguments
#define ASIO_HANDLER_INVOCATION_BEGIN(arguments) tracked_completion.begin arguments
#define ASIO_HANDLER_INVOCATION_END tracked_completion.end()
#define ASIO_HANDLER_OPERATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_REGISTRATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_DEREGISTRATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_READ_EVENT 0
#define ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define ASIO_HANDLER_REACTOR_EVENTS(arguments) (void)0
#define ASIO_HANDLER_REACTOR_OPERATION(arguments) (void)0

#define BOOST_ASIO_INHERIT_TRACKED_HANDLER ASIO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_HANDLER_TRACKING_INIT ASIO_HANDLER_TRACKING_INIT
#define BOOST_ASIO_HANDLER_LOCATION(arguments) ASIO_HANDLER_LOCATION(arguments)
#define BOOST_ASIO_HANDLER_CREATION(arguments) ASIO_HANDLER_CREATION(arguments)
#define BOOST_ASIO_HANDLER_COMPLETION(arguments) ASIO_HANDLER_COMPLETION(arguments)
#define BOOST_ASIO_HANDLER_INVOCATION_BEGIN(arguments) ASIO_HANDLER_INVOCATION_BEGIN(arguments)
#define BOOST_ASIO_HANDLER_INVOCATION_END ASIO_HANDLER_INVOCATION_END
#define BOOST_ASIO_HANDLER_OPERATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_REGISTRATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_DEREGISTRATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_READ_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_EVENTS(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(arguments) (void)0

#endif /* TRACK_ASIO_H_ */
