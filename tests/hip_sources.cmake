# The sources of AMD kernels on fibers, before the judges that their machine code meets (scripts/amd_sources.py). A
# test for each op that has kernels in hip/: it fails where one of them ran for one of its archs on no fiber, so that
# a new kernel has to be named here.
if(NOT TARGET amdgcn OR NOT Python3_FOUND OR NOT TEST build.amd_code_objects)
  return()
endif()

# Quick: all kernels on few problems. `octet check` where that is quick enough, else tests of the op.
set(_quick_gemm_batched --shapes "m=2 n=18 k=160 batch=1")
set(_quick_gemm_blockscale --shapes "m=17 n=130 k=256")
set(_quick_gemm_mxfp8 --tests ops_test MxHipKernels.*)
set(_quick_gemm_grouped --tests ops_test GroupedHipKernels.*)
set(_quick_attn_decode --tests ops_test
    *InterpretedAttention.EveryKernel*:*InterpretedAttention.Simple*:*InterpretedMerge.*)
set(_quick_moe_align --tests ops_test Hip/MoeAlign*-*EverySize*)
set(_quick_moe_reduce --tests ops_test Hip/MoeReduce*)
set(_quick_quantize --tests ops_test Hip/Quantize*EveryFormat*:Hip/KvAppend*EveryForm*)

# What tests run besides, with the label "long".
set(_long_attn_decode --tests ops_test *InterpretedAttention.*)
set(_long_gemm_batched --tests ops_test Hip/Batched*)
set(_long_gemm_blockscale --tests ops_test Tiles/Interpreted.*)
set(_long_moe_align --tests ops_test Hip/MoeAlign*)
set(_long_quantize --tests ops_test Hip/Quantize*:Hip/KvAppend*:Hip/MoeMxfp8*)
# Why not those: fibers do not see a kernel leave its memory, and codes for a benchmark fill 512 MiB.
set(_long_harness --first-light --tests harness_test *MemoryKernelsHipTest*-*LeavesItsMemory* --but octet_fill_codes)

set(_sources ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/scripts/amd_sources.py)
add_test(NAME hip.source.self_test COMMAND ${_sources} --self-test)
# octet_source_test(<name> <long> <op> <option>...)
function(octet_source_test name long op)
  add_test(NAME ${name} COMMAND ${_sources} ${PROJECT_BINARY_DIR} ${op} ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
  if(long)
    set_tests_properties(${name} PROPERTIES LABELS long)
  endif()
endfunction()
file(GLOB ops RELATIVE ${PROJECT_SOURCE_DIR}/src/ops CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/ops/*/hip/*.hip)
list(TRANSFORM ops REPLACE "/.*" "")
list(REMOVE_DUPLICATES ops)
foreach(op IN LISTS ops)
  octet_source_test(hip.source.${op} FALSE ${op} ${_quick_${op}})
  octet_source_test(hip.source_fault.${op} TRUE ${op} ${_quick_${op}} --fault)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/ops/${op}/hip_shapes.csv)
    list(APPEND _long_${op} --shapes ${CMAKE_CURRENT_SOURCE_DIR}/ops/${op}/hip_shapes.csv)
  endif()
  if(_long_${op})
    octet_source_test(hip.source_long.${op} TRUE ${op} ${_quick_${op}} ${_long_${op}})
  endif()
endforeach()
octet_source_test(hip.source.harness TRUE harness ${_long_harness})
