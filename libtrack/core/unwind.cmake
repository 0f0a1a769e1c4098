# The stack unwinder: paths relative to libtrack/core.
set(TRACK_UNWIND_SOURCES
    eh_frame.cc
    known_stacks.cc
    replay.cc
    unwind.cc
    unwind_rules.cc
    unwind_slow.cc)
