# cmake -D BUILD= -D CXX= -D WORK= -D CONSUMER= -P install_test.cmake
# The installed tree must be complete in itself and stay so when it is moved.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}: exit code ${code}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK}/first ${WORK}/prefix ${WORK}/consumer)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
foreach(file bin/track lib/libtrack.so)
  if(NOT EXISTS ${WORK}/prefix/${file})
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()

run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${WORK}/consumer -D CMAKE_CXX_COMPILER=${CXX}
    -D CMAKE_PREFIX_PATH=${WORK}/prefix -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${CMAKE_COMMAND} --build ${WORK}/consumer)
run(${WORK}/consumer/consumer)
string(FIND "${out}" "${WORK}/prefix/lib/libtrack.so" at)
if(at EQUAL -1)
  message(FATAL_ERROR "the consumer does not run on the installed library: ${out}")
endif()

# The installed command finds the installed library beside itself.
run(${WORK}/prefix/bin/track run -- ${WORK}/consumer/consumer)
string(FIND "${out}" "/prefix/lib/libtrack.so" at)
if(at EQUAL -1)
  message(FATAL_ERROR "track run does not preload the library installed beside it: ${out}")
endif()
