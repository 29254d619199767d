# octet_hip(<target> <prefix> <folder>): every .hip of the folder becomes raw code objects inside <target>,
# under the symbols octet_code_<arch>_<prefix>_<stem>: gfx942_*.hip one for gfx942 and one for gfx950,
# gfx950_*.hip one for gfx950, of those that are targets. Neither ROCm nor a HIP header is needed.
#
# Run as a script (-DCLANG= -DARCH= -DSOURCE= -DOUTPUT= -DROOT=) it compiles one file, prints what each kernel
# takes, keeps it beside the object (.csv; scripts/amd_objects.py), and fails where one spills or has a stack.
cmake_policy(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/code_objects.cmake)

set(OCTET_HIP_OPTIONS -x hip -std=c++20 --offload-device-only --no-gpu-bundle-output -nogpuinc -nogpulib -O3
                      -mcode-object-version=5)

# octet_compile_hip(<result> <text> <clang> <arch> <source> <output> <option>...), in the current folder.
macro(octet_compile_hip result text clang arch source output)
  execute_process(COMMAND ${clang} ${OCTET_HIP_OPTIONS} --offload-arch=${arch} ${ARGN} ${source} -o ${output}
                  WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE ${result} OUTPUT_VARIABLE ${text} ERROR_VARIABLE ${text})
endmacro()

# What the compiler's remarks say of each kernel, a line each in `lines` and `rows`; sets `bad` where one spills
# or has a stack.
function(octet_kernel_lines arch text)
  string(REGEX REPLACE "\\[[^]\n]*\\]" "" text "${text}")  # units and options: brackets would join list items
  string(REGEX MATCHALL "remark: +[A-Za-z ]+: [A-Za-z0-9_]+" facts "${text}")
  set(lines "")
  set(rows "entry,vgpr,agpr,sgpr,lds,spills,waves\n")
  set(bad FALSE)
  foreach(fact IN LISTS facts)
    string(REGEX MATCH "remark: +([A-Za-z ]+[A-Za-z]) *: (.+)" matched "${fact}")
    set(value ${CMAKE_MATCH_2})
    string(REPLACE " " "" name "${CMAKE_MATCH_1}")
    set(${name} ${value})
    if(name MATCHES "^(ScratchSize|DynamicStack|SGPRsSpill|VGPRsSpill)$" AND NOT value MATCHES "^(0|False)$")
      set(bad TRUE)
    elseif(name STREQUAL "LDSSize")  # the last of a kernel
      math(EXPR spills "${SGPRsSpill} + ${VGPRsSpill}")
      string(APPEND lines "${arch} ${FunctionName}: ${VGPRs} VGPR ${AGPRs} AGPR ${TotalSGPRs} SGPR ${LDSSize} LDS "
                          "${spills} spills ${Occupancy} waves\n")
      string(APPEND rows
             "${FunctionName},${VGPRs},${AGPRs},${TotalSGPRs},${LDSSize},${spills},${Occupancy}\n")
    endif()
  endforeach()
  set(lines "${lines}" PARENT_SCOPE)
  set(rows "${rows}" PARENT_SCOPE)
  set(bad ${bad} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  # Why relative, and no -cuid: the code object must not depend on where the tree lies.
  octet_compile_hip(code text ${CLANG} ${ARCH} ${SOURCE} ${OUTPUT} -I. -Wall -Wextra -fuse-cuid=none
                    -Xclang -dependency-file -Xclang ${OUTPUT}.d -Xclang -MT -Xclang ${OUTPUT}
                    -Rpass-analysis=kernel-resource-usage)
  file(WRITE ${OUTPUT}.log "${text}")
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${text}")
  endif()
  octet_kernel_lines(${ARCH} "${text}")
  if(bad OR NOT lines)
    file(REMOVE ${OUTPUT})
    message(FATAL_ERROR "${SOURCE} has no kernel, or one that spills or has a stack:\n${lines}${text}")
  endif()
  file(WRITE ${OUTPUT}.csv "${rows}")
  if(text MATCHES "warning:")
    message("${text}")
  else()
    string(STRIP "${lines}" lines)
    message("${lines}")
  endif()
  octet_whole_dependencies(${OUTPUT}.d ${ROOT})
  return()
endif()

set(OCTET_HIP_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

# octet_hip_archs(<variable> <stem>): the targets that a file of this name is compiled for.
function(octet_hip_archs variable stem)
  if(NOT stem MATCHES "^(gfx942|gfx950)_")
    message(FATAL_ERROR "${stem}.hip: the name of an AMD kernel begins with gfx942_ or gfx950_")
  endif()
  set(archs gfx950)
  if(CMAKE_MATCH_1 STREQUAL "gfx942")
    set(archs gfx942 gfx950)
  endif()
  set(found "")
  foreach(arch IN LISTS archs)
    if(arch IN_LIST OCTET_TARGETS_IN_USE)
      list(APPEND found ${arch})
    endif()
  endforeach()
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

function(octet_hip target prefix folder)
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.hip)
  foreach(source IN LISTS sources)
    get_filename_component(stem ${source} NAME_WE)
    octet_hip_archs(archs ${stem})
    foreach(arch IN LISTS archs)
      octet_code_object(object ${arch} ${prefix}_${stem}.co)
      if(NOT OCTET_CODE_OBJECTS)
        add_custom_command(
          OUTPUT ${object}
          COMMAND ${CMAKE_COMMAND} -DCLANG=${OCTET_AMD_CLANG} -DARCH=${arch} -DSOURCE=${source} -DOUTPUT=${object}
                  -DROOT=${PROJECT_SOURCE_DIR} -P ${OCTET_HIP_SCRIPT}
          DEPENDS ${PROJECT_SOURCE_DIR}/${source} ${OCTET_HIP_SCRIPT}
          DEPFILE ${object}.d
          COMMENT "Compiling ${source} for ${arch}" VERBATIM)
      endif()
      octet_embed_code(${target} octet_code_${arch}_${prefix}_${stem} ${object})
    endforeach()
  endforeach()
endfunction()
