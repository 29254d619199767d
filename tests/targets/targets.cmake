# OCTET_TARGETS: what is refused, and what native, order and repeats come to. Run as a script: -DROOT= -DWORK=
# -DTARGETS= (of the build, with commas) -DCXX= -DDRIVER= (tests/targets/fake_gpu.cpp as a library).
cmake_policy(VERSION 3.22)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(ENV{OCTET_CUDA_DRIVER} /nonexistent)  # whatever this machine has
set(ENV{OCTET_HIP_DRIVER} /nonexistent)
set(failures "")

# configure(<targets>): sets `code` and `text`.
function(configure targets)
  file(REMOVE_RECURSE ${WORK}/build)
  string(REPLACE ";" "\\;" targets "${targets}")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/one -B ${WORK}/build -DROOT=${ROOT}
                          -DOCTET_TARGETS=${targets} -DCMAKE_CXX_COMPILER=${CXX} -DOCTET_NVCC=${CMAKE_COMMAND}
                  RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  string(REGEX REPLACE "[ \n]+" " " text "${text}")  # cmake breaks lines
  set(code ${code} PARENT_SCOPE)
  set(text "${text}" PARENT_SCOPE)
endfunction()

function(fails targets message)
  configure("${targets}")
  string(FIND "${text}" "${message}" at)
  if(code EQUAL 0 OR at LESS 0)
    string(APPEND failures "OCTET_TARGETS='${targets}' is not refused with \"${message}\" (${code}): ${text}\n")
    set(failures "${failures}" PARENT_SCOPE)
  endif()
endfunction()

function(gives targets expected)
  configure("${targets}")
  string(FIND "${text}" "targets=[${expected}]" at)
  if(NOT code EQUAL 0 OR at LESS 0)
    string(APPEND failures "OCTET_TARGETS='${targets}' does not give ${expected} (${code}): ${text}\n")
    set(failures "${failures}" PARENT_SCOPE)
  endif()
endfunction()

fails("" "OCTET_TARGETS='' names no target")
fails(" " "names no target")
fails(";" "names no target")
fails(" ; ;;" "names no target")
fails("cpu;sm91" "OCTET_TARGETS: unknown target 'sm91'")
fails("cpu,sm90" "OCTET_TARGETS: unknown target 'cpu,sm90'")
fails("CPU" "OCTET_TARGETS: unknown target 'CPU'")
fails("sm90" "'cpu' is the reference of every check and must be in it")
gives("cpu" "cpu")
gives("sm90;cpu" "cpu;sm90")
gives(" sm90 ; cpu;cpu;" "cpu;sm90")
gives("sm90 cpu" "cpu;sm90")

fails("native" "OCTET_TARGETS=native: no GPU here: CUDA: no libcuda.so.1; HIP: no libamdhip64.so;")
set(ENV{OCTET_CUDA_DRIVER} ${DRIVER})
set(ENV{OCTET_HIP_DRIVER} ${DRIVER})
fails("native" "OCTET_TARGETS=native: no GPU here: CUDA: no device; HIP: no device;")
set(ENV{OCTET_FAKE_SM} 90)
gives("native" "cpu;sm90")
gives("cpu;native" "cpu;sm90")
gives("cpu" "cpu")
set(ENV{OCTET_FAKE_SM} 80)
fails("native" "OCTET_TARGETS=native: a GPU here is 'sm80', which is no target")
unset(ENV{OCTET_FAKE_SM})
set(ENV{OCTET_FAKE_GFX} "gfx1100")
fails("native" "OCTET_TARGETS=native: a GPU here is 'gfx1100', which is no target")
if(TARGETS MATCHES "gfx942")  # this build has the compiler
  set(ENV{OCTET_FAKE_GFX} "gfx942:sramecc+:xnack-")
  gives("native" "cpu;gfx942")
endif()

file(REMOVE_RECURSE ${WORK})
if(failures)
  message(FATAL_ERROR "${failures}")
endif()
