# What a result must say of the build: commit, compiler, targets. The commit is looked up at every build
# and the file rewritten only when it changed.

set(_octet_info ${PROJECT_BINARY_DIR}/generated/build_info.h)
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git -C ${ROOT} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git -C ${ROOT} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
  if(NOT commit)
    set(commit "unknown")
  elseif(changes)
    set(commit "${commit}+changes")
  endif()
  set(text "#pragma once\n#define OCTET_BUILD_COMMIT \"${commit}\"\n#define OCTET_BUILD_COMPILER \"${COMPILER}\"\n#define OCTET_BUILD_TARGETS \"${TARGETS}\"\n#define OCTET_BUILD_TYPE \"${TYPE}\"\n")
  set(old "")
  if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
  endif()
  if(NOT old STREQUAL text)
    file(WRITE ${OUTPUT} "${text}")
  endif()
  return()
endif()

add_custom_target(octet_build_info
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DOUTPUT=${_octet_info}
          "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" "-DTARGETS=${OCTET_TARGETS_IN_USE}"
          -DTYPE=${CMAKE_BUILD_TYPE} -P ${CMAKE_CURRENT_LIST_FILE}
  BYPRODUCTS ${_octet_info} VERBATIM)
add_dependencies(octet_harness octet_build_info)
target_include_directories(octet_harness PRIVATE ${PROJECT_BINARY_DIR}/generated)
