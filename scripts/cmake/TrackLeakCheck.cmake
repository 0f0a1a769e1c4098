# Tests that fail when they leak a task. Part of find_package(track).
#
#   track_add_leak_check(TARGET [NAME name] [ARGS arg...] [TIMEOUT seconds] [SETTLE time]
#                        [FAIL_ON rules] [SUPPRESSIONS file...] [BASELINE file] [LABELS label...]
#                        [REPORT_DIR dir] [WORKING_DIRECTORY dir] [OPTIONS flag...])
#     adds the CTest test `track.TARGET` (or NAME), which runs the program under `track check`. It
#     fails when the program does, and when it leaks a task (exit code 23). Its label is `track`.
#     TIMEOUT: the program is ended after so many seconds, with a report of what it hangs in.
#     REPORT_DIR: the report is kept there under a name of its own, for track check --merge.
#     OPTIONS: more flags of `track check` (see track check --help).
#
#   track_launch_tests(TARGET... [flags of track check...] [OPTIONS flag...])
#     lets every test that runs one of these programs run it under `track check`, however the test
#     was added: add_test, gtest_discover_tests, catch_discover_tests. By the property TEST_LAUNCHER
#     (CMake 3.29 and later), else by CROSSCOMPILING_EMULATOR, which does the same there.
#
#   track_LAUNCHER: the list that does it for a whole project, to set before its targets are made:
#     set(CMAKE_TEST_LAUNCHER ${track_LAUNCHER})            (CMake 3.29 and later)
#     set(CMAKE_CROSSCOMPILING_EMULATOR ${track_LAUNCHER})  (before)

# The flags that both functions take. A macro: reads arg_*, sets `flags`.
macro(_track_flags)
  set(flags)
  if(DEFINED arg_SETTLE)
    list(APPEND flags --settle ${arg_SETTLE})
  endif()
  if(DEFINED arg_FAIL_ON)
    list(APPEND flags --fail-on ${arg_FAIL_ON})
  endif()
  foreach(file IN LISTS arg_SUPPRESSIONS)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND flags --suppressions ${file})
  endforeach()
  if(DEFINED arg_BASELINE)
    cmake_path(ABSOLUTE_PATH arg_BASELINE BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND flags --baseline ${arg_BASELINE})
  endif()
  if(DEFINED arg_REPORT_DIR)
    cmake_path(ABSOLUTE_PATH arg_REPORT_DIR BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    list(APPEND flags --report-dir ${arg_REPORT_DIR})
  endif()
  list(APPEND flags ${arg_OPTIONS})
endmacro()

# Said at configure time, where somebody reads it; not by a test that cannot start.
function(_track_require caller)
  if(NOT EXISTS "${track_COMMAND}")
    message(FATAL_ERROR
      "${caller}: there is no command `track` at ${track_COMMAND}. The tests could not be run under "
      "it. Install libtrack whole (cmake --install of a build with bin/track), or set track_DIR to "
      "the lib/cmake/track of an installation that has it.")
  endif()
endfunction()

function(_track_require_programs caller)
  foreach(target IN LISTS ARGN)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "${caller}: ${target} is no target (yet); call it after add_executable(${target} ...)")
    endif()
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "EXECUTABLE")
      message(FATAL_ERROR "${caller}: ${target} is no executable (${type}); name the test program")
    endif()
  endforeach()
endfunction()

function(track_add_leak_check target)
  cmake_parse_arguments(PARSE_ARGV 1 arg ""
    "NAME;TIMEOUT;SETTLE;FAIL_ON;BASELINE;REPORT_DIR;WORKING_DIRECTORY" "ARGS;SUPPRESSIONS;LABELS;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "track_add_leak_check(${target}): does not know ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "track_add_leak_check(${target}): ${arg_KEYWORDS_MISSING_VALUES} without a value")
  endif()
  _track_require("track_add_leak_check(${target})")
  _track_require_programs(track_add_leak_check ${target})
  _track_flags()
  if(NOT DEFINED arg_NAME)
    set(arg_NAME track.${target})
  endif()
  if(DEFINED arg_TIMEOUT)
    if(NOT arg_TIMEOUT MATCHES "^[1-9][0-9]*$")
      message(FATAL_ERROR "track_add_leak_check(${target}): TIMEOUT ${arg_TIMEOUT} is no number of seconds")
    endif()
    list(APPEND flags --timeout ${arg_TIMEOUT}s)
  endif()
  set(place)
  if(DEFINED arg_WORKING_DIRECTORY)
    set(place WORKING_DIRECTORY ${arg_WORKING_DIRECTORY})
  endif()
  add_test(NAME ${arg_NAME} ${place}
    COMMAND ${track_COMMAND} check --name ${arg_NAME} ${flags} -- $<TARGET_FILE:${target}> ${arg_ARGS})
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "track;${arg_LABELS}")
  if(DEFINED arg_TIMEOUT)
    # CTest's own limit is for a `track` that hangs: time to end the program and to report.
    math(EXPR limit "${arg_TIMEOUT} + 30")
    set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${limit})
  endif()
  # From CMake 3.27 on: CTest's own limit asks for the verdict, too, and waits for it.
  set_tests_properties(${arg_NAME} PROPERTIES
    TIMEOUT_SIGNAL_NAME SIGTERM TIMEOUT_SIGNAL_GRACE_PERIOD 10)
endfunction()

function(track_launch_tests)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SETTLE;FAIL_ON;BASELINE;REPORT_DIR" "SUPPRESSIONS;OPTIONS")
  set(targets ${arg_UNPARSED_ARGUMENTS})
  if(NOT targets)
    message(FATAL_ERROR "track_launch_tests: names no target")
  endif()
  _track_require("track_launch_tests(${targets})")
  _track_require_programs(track_launch_tests ${targets})
  _track_flags()
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.29)
    set(property TEST_LAUNCHER)
  else()
    set(property CROSSCOMPILING_EMULATOR)
  endif()
  set_property(TARGET ${targets} PROPERTY ${property} ${track_COMMAND} check ${flags} --)
endfunction()
