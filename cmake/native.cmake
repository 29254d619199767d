# octet_native_targets(<variable>): the targets of the GPUs in this machine, as their drivers name them. Only for
# OCTET_TARGETS=native: nothing else looks at the machine.

set(OCTET_NATIVE_PROBE ${CMAKE_CURRENT_LIST_DIR}/native_probe.cpp)
get_filename_component(OCTET_NATIVE_INCLUDE ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

function(octet_native_targets variable)
  set(probe ${PROJECT_BINARY_DIR}/generated/native_probe)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -I${OCTET_NATIVE_INCLUDE} ${OCTET_NATIVE_PROBE} -o ${probe} -ldl
                  RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "OCTET_TARGETS=native: the probe does not compile: ${text}")
  endif()
  execute_process(COMMAND ${probe} RESULT_VARIABLE code OUTPUT_VARIABLE found ERROR_VARIABLE reasons)
  if(code EQUAL 3)
    message(FATAL_ERROR "OCTET_TARGETS=native: no GPU here: ${reasons}name the targets instead: ${OCTET_KNOWN_TARGETS}")
  elseif(NOT code EQUAL 0)
    message(FATAL_ERROR "OCTET_TARGETS=native: asking the drivers failed (${code}); name the targets instead: "
                        "${OCTET_KNOWN_TARGETS}")
  endif()
  string(REGEX MATCHALL "[^\n]+" found "${found}")
  list(REMOVE_DUPLICATES found)
  foreach(arch IN LISTS found)
    if(NOT arch IN_LIST OCTET_KNOWN_TARGETS)
      message(FATAL_ERROR "OCTET_TARGETS=native: a GPU here is '${arch}', which is no target; known: "
                          "${OCTET_KNOWN_TARGETS}")
    endif()
  endforeach()
  set(${variable} cpu ${found} PARENT_SCOPE)
endfunction()
