# Tests of the project itself: lints, public headers, the installed package, the example, the two commands.

# ---- Lints: each on the sources, and on trees where it must find something ----
find_package(Python3 COMPONENTS Interpreter QUIET)
function(octet_lint name argument)
  set(script ${PROJECT_SOURCE_DIR}/scripts/lint_${name}.py)
  add_test(NAME lint.${name} COMMAND ${Python3_EXECUTABLE} -B ${script} ${argument})
  add_test(NAME lint.${name}.self_test COMMAND ${Python3_EXECUTABLE} -B ${script} --self-test)
  set_tests_properties(lint.${name} lint.${name}.self_test PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77
                                                                      ENVIRONMENT CXX=${CMAKE_CXX_COMPILER})
endfunction()
if(Python3_FOUND)
  foreach(name layers mirror size ascii format)
    octet_lint(${name} ${PROJECT_SOURCE_DIR})
  endforeach()
  if(OCTET_HAVE_X86 AND CMAKE_BUILD_TYPE MATCHES "^Rel")  # inline functions stay inline when optimised
    octet_lint(isa_objects ${PROJECT_BINARY_DIR})
  endif()
else()
  message(STATUS "Tests: no lints, for want of python3")
endif()
find_program(OCTET_SHELLCHECK shellcheck)
if(OCTET_SHELLCHECK)
  add_test(NAME lint.shell COMMAND ${OCTET_SHELLCHECK} run test .ci/run scripts/setup scripts/build tests/run/pretune.sh
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()

# ---- A public header compiles alone, twice, and needs the standard library only ----
file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/octet/*.h)
foreach(header IN LISTS headers)
  get_filename_component(stem ${header} NAME_WE)
  set(unit ${CMAKE_CURRENT_BINARY_DIR}/headers/${stem}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  add_test(NAME header.${stem} COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Wshadow
           -Wpedantic -Werror -I${PROJECT_SOURCE_DIR}/include ${unit})
endforeach()

# ---- Targets: refusals and native; the same bytes whatever GPUs the machine has ----
add_library(fake_gpu MODULE targets/fake_gpu.cpp)
list(JOIN OCTET_TARGETS_IN_USE "," _in_use)
set(_targets -DROOT=${PROJECT_SOURCE_DIR} -DCXX=${CMAKE_CXX_COMPILER} -DDRIVER=$<TARGET_FILE:fake_gpu>
             -DTARGETS=${_in_use})
add_test(NAME targets.list COMMAND ${CMAKE_COMMAND} ${_targets} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/targets_list
                                   -P ${CMAKE_CURRENT_SOURCE_DIR}/targets/targets.cmake)
add_test(NAME targets.same_bytes
         COMMAND ${CMAKE_COMMAND} ${_targets} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/targets_same_bytes
                 -P ${CMAKE_CURRENT_SOURCE_DIR}/targets/same_bytes.cmake)
set_tests_properties(targets.same_bytes PROPERTIES LABELS long TIMEOUT 900)

# ---- No table is shipped with a row that cannot serve ----
add_test(NAME db.strict COMMAND octet_command db check --strict data/tuned data/cost
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# ---- The example, the installed package, the two commands ----
add_subdirectory(${PROJECT_SOURCE_DIR}/examples ${PROJECT_BINARY_DIR}/examples)
add_test(NAME example.gemm_blockscale COMMAND example_gemm_blockscale)
add_test(NAME install.consumer
         COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/install
                 -DCXX=${CMAKE_CXX_COMPILER} -DGENERATOR=${CMAKE_GENERATOR}
                 -P ${CMAKE_CURRENT_SOURCE_DIR}/install/consumer.cmake)
# ---- Code objects: the same twice; of AMD ones, what they take and hold ----
# octet_code_object_test(<name> <target>...): of those that are targets of this build.
function(octet_code_object_test name)
  set(targets "")
  foreach(target IN LISTS ARGN)
    if(target IN_LIST OCTET_TARGETS_IN_USE)
      list(APPEND targets ${target})
    endif()
  endforeach()
  if(targets AND NOT OCTET_CODE_OBJECTS)
    add_test(NAME build.${name}
             COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR} "-DTARGETS=${targets}"
                     -DNVCC=${OCTET_NVCC} -DCLANG=${OCTET_AMD_CLANG} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/${name}
                     -P ${CMAKE_CURRENT_SOURCE_DIR}/install/code_objects.cmake)
    set_tests_properties(build.${name} PROPERTIES LABELS long TIMEOUT 900)
  endif()
endfunction()
octet_code_object_test(code_objects sm90)
octet_code_object_test(amd_code_objects gfx942 gfx950)
if(Python3_FOUND AND NOT OCTET_CODE_OBJECTS AND TEST build.amd_code_objects)
  set(_amd_objects ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/scripts/amd_objects.py)
  add_test(NAME amd_objects.resources COMMAND ${_amd_objects} resources ${PROJECT_BINARY_DIR})
  add_test(NAME amd_objects.instructions COMMAND ${_amd_objects} instructions ${PROJECT_BINARY_DIR})
  add_test(NAME amd_objects.self_test COMMAND ${_amd_objects} --self-test)
  set_tests_properties(amd_objects.resources amd_objects.instructions amd_objects.self_test PROPERTIES TIMEOUT 60
                                                                                        SKIP_RETURN_CODE 77)
endif()
foreach(command run test)
  add_test(NAME command.${command}.help COMMAND ${PROJECT_SOURCE_DIR}/${command} --help)
  set_tests_properties(command.${command}.help PROPERTIES PASS_REGULAR_EXPRESSION "Usage: ./${command}")
  add_test(NAME command.${command}.unknown
           COMMAND bash -c "\"$0\" --modle x; test $? = 2" ${PROJECT_SOURCE_DIR}/${command})
endforeach()
# Bad values are refused, with exit code 2, before anything is installed or built.
set(OCTET_REFUSED_model "/no/such/config.json")
set(OCTET_REFUSED_tp "abc;0;-1;1.5")
set(OCTET_REFUSED_budget "xyz;0s;5ms;1.5.2s")
set(OCTET_REFUSED_device "gpu;cuda:;cpu:0")
foreach(option model tp budget device)
  foreach(value IN LISTS OCTET_REFUSED_${option})
    add_test(NAME "command.run.${option}=${value}"
             COMMAND bash -c "said=$(\"$0\" --$1 \"$2\" 2>&1); test $? = 2 && [[ $said == \"run: --$1\"*\"'$2'\"* ]]"
                     ${PROJECT_SOURCE_DIR}/run ${option} ${value})
  endforeach()
endforeach()
# The command is the one of this build: nothing is compiled or installed.
add_test(NAME command.run.pretune COMMAND bash ${PROJECT_SOURCE_DIR}/tests/run/pretune.sh ${PROJECT_SOURCE_DIR}
                                          $<TARGET_FILE:octet_command> ${CMAKE_CURRENT_BINARY_DIR}/run_pretune)
set_tests_properties(command.run.pretune PROPERTIES LABELS long TIMEOUT 300)
