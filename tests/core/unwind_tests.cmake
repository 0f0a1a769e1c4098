# The unwinder's tests. Its sources are compiled straight in, at the optimisation under test.
include(${PROJECT_SOURCE_DIR}/libtrack/core/unwind.cmake)
set(track_unwind_sources ${TRACK_UNWIND_SOURCES})
list(TRANSFORM track_unwind_sources PREPEND ${PROJECT_SOURCE_DIR}/libtrack/core/)
set(track_unwind_oracle ${PROJECT_SOURCE_DIR}/tests/support/unwind_oracle.cc)

# A library called through the lazy PLT, so that the loader's resolver is on the stack.
add_library(unwind_lazy SHARED ${PROJECT_SOURCE_DIR}/tests/support/unwind_lazy.cc)
target_link_libraries(unwind_lazy PRIVATE track_build)
target_link_options(unwind_lazy PRIVATE -Wl,-z,lazy)
set_target_properties(unwind_lazy PROPERTIES POSITION_INDEPENDENT_CODE ON)

# Two libraries of the same layout whose functions have frames of different size.
foreach(size 64 4096)
  add_library(unwind_plugin_${size} MODULE ${PROJECT_SOURCE_DIR}/tests/support/unwind_plugin.cc)
  target_compile_definitions(unwind_plugin_${size} PRIVATE TRACK_PLUGIN_FRAME=${size})
endforeach()

foreach(test unwind eh_frame replay known_stacks)
  track_test(${test}_test
    SOURCES ${PROJECT_SOURCE_DIR}/tests/core/${test}_test.cc ${track_unwind_oracle}
            ${track_unwind_sources}
    LINK unwind ${CMAKE_DL_LIBS})
endforeach()
target_link_libraries(unwind_test PRIVATE unwind_lazy)
add_dependencies(replay_test unwind_plugin_64 unwind_plugin_4096)
target_compile_definitions(replay_test PRIVATE
  TRACK_PLUGIN_64="$<TARGET_FILE:unwind_plugin_64>"
  TRACK_PLUGIN_4096="$<TARGET_FILE:unwind_plugin_4096>")

# Sanitizers put their own words between the frames that the fuzz lays out.
if(TRACK_SANITIZE)
  return()
endif()
function(track_unwind_fuzz name level mutant)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/unwind_fuzz.cc ${track_unwind_oracle}
                         ${track_unwind_sources})
  target_compile_options(${name} PRIVATE -O${level})
  target_compile_definitions(${name} PRIVATE TRACK_REPLAY_MUTANT=${mutant})
  target_link_libraries(${name} PRIVATE track_checked unwind)
endfunction()
foreach(level 1 2 3)
  track_unwind_fuzz(unwind_fuzz_o${level} ${level} 0)
  add_test(NAME unwind_fuzz_o${level} COMMAND unwind_fuzz_o${level} 1000000 ${level})
  set_tests_properties(unwind_fuzz_o${level} PROPERTIES TIMEOUT 120 LABELS fuzz)
endforeach()
# What each mutant leaves out: 1 all words of older frames, 2 the live rbp at the join, 3 saved rbp
# words, 4 words that hold a CFA, 5 the module generation, 6 the zero word at the end, 7 the bounds,
# 8 the live rbp of a known stack.
foreach(mutant 1 2 3 4 5 6 7 8)
  if(mutant EQUAL 4 AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    continue()  # clang++ makes no such frames
  endif()
  track_unwind_fuzz(unwind_fuzz_mutant_${mutant} 2 ${mutant})
  add_test(NAME unwind_fuzz_mutant_${mutant}
    COMMAND unwind_fuzz_mutant_${mutant} 1000000 1 --expect-wrong)
  set_tests_properties(unwind_fuzz_mutant_${mutant} PROPERTIES TIMEOUT 120 LABELS fuzz)
endforeach()

# LD_PRELOAD this in front of any program to compare every Nth malloc's stack with libunwind.
add_library(unwind_validator SHARED ${PROJECT_SOURCE_DIR}/tests/support/unwind_validator.cc
                                    ${track_unwind_sources})
target_link_libraries(unwind_validator PRIVATE track_build ${CMAKE_DL_LIBS})
target_compile_options(unwind_validator PRIVATE -O2 -fPIC -fvisibility=hidden
                                                -ftls-model=initial-exec)
