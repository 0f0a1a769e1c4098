// attach.h: whether libtrack is being attached or detached at this moment.
#pragma once

namespace track::control {

// In the middle of it some references are bound and others are not. A child that was forked then
// has what it had there: true for good, for the thread that was at work is not in the child.
bool attach_at_work();
// In such a child: nobody is to wait for that.
void break_off_attach();

// Until that is done, but no longer than a fifth of a second.
void await_attach();

}  // namespace track::control
