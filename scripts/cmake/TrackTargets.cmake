# What every target of libtrack shares. Sources are named in lists, never globbed:
#   libtrack/sources.cmake       TRACK_LIBRARY_SOURCES, relative to libtrack/
#   cli/FOLDER/sources.cmake     TRACK_<FOLDER>_SOURCES, relative to cli/FOLDER/
#   tests/FOLDER/CMakeLists.txt  calls track_test()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_package(Threads REQUIRED)

# Warnings, include root: every target of ours.
add_library(track_build INTERFACE)
# -Wrestrict: gcc 12 warns of correct std::string concatenation (its bug 105651).
target_compile_options(track_build INTERFACE -Wall -Wextra -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_include_directories(track_build INTERFACE ${PROJECT_SOURCE_DIR})

# The same plus the sanitizer: everything but libtrack.so itself.
add_library(track_checked INTERFACE)
target_link_libraries(track_checked INTERFACE track_build Threads::Threads)
if(TRACK_SANITIZE)
  set(flags -fsanitize=${TRACK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(track_checked INTERFACE ${flags})
  target_link_options(track_checked INTERFACE ${flags})
endif()

# track_static_library(NAME SOURCES ... LINK ...): a folder as a library; without sources it is
# header-only.
function(track_static_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC track_checked ${arg_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE track_checked ${arg_LINK})
  endif()
endfunction()

# What `ctest -L unit` needs, and no more: the sanitizers' builds stop there. The tests of one folder
# are `FOLDER_tests`, with the folder as their label.
add_custom_target(unit_tests)

# track_test(NAME SOURCES ... LINK ... LABELS ... TIMEOUT s): one doctest executable, one ctest
# test. doctest's main comes with it.
function(track_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  foreach(source ${arg_SOURCES})
    cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE file)
    if(NOT EXISTS ${file})
      message(WARNING "${name}: ${source} does not exist (yet)")
      list(REMOVE_ITEM arg_SOURCES ${source})
    endif()
  endforeach()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE track_doctest_main ${arg_LINK})
  add_test(NAME ${name} COMMAND ${name})
  if(unit IN_LIST arg_LABELS)
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
    if(NOT TARGET ${folder}_tests)
      add_custom_target(${folder}_tests)
    endif()
    add_dependencies(${folder}_tests ${name})
    add_dependencies(unit_tests ${folder}_tests)
    list(APPEND arg_LABELS ${folder})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
