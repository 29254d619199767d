# Installs the build folder BUILD into an empty prefix under WORK, then builds and runs a user's project
# against it, with the compiler CXX and the GENERATOR of the build.
include(${CMAKE_CURRENT_LIST_DIR}/../must.cmake)

file(REMOVE_RECURSE ${WORK})
must(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
must(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -G "${GENERATOR}" -DCMAKE_BUILD_TYPE=Release
     -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${CXX})
must(${CMAKE_COMMAND} --build ${WORK}/build)
must(${WORK}/build/consumer)
if(NOT text STREQUAL "32768\n")  # 100 rows rounded up to 128 (blocks of 32), times 256
  message(FATAL_ERROR "the consumer printed '${text}'")
endif()
must(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/../../examples/pytorch -B ${WORK}/pytorch -G "${GENERATOR}"
     -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${CXX})
must(${CMAKE_COMMAND} --build ${WORK}/pytorch)
must(${WORK}/prefix/bin/octet --version)
file(GLOB_RECURSE headers RELATIVE ${WORK}/prefix/include ${WORK}/prefix/include/*)
foreach(header IN LISTS headers)
  if(NOT header MATCHES "^octet/[a-z0-9_]+\\.h$")
    message(FATAL_ERROR "not a public header: ${header}")
  endif()
endforeach()
file(REMOVE_RECURSE ${WORK})
