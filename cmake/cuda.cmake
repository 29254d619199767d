# octet_cuda(<target> <prefix> <folder>): every .cu of the folder becomes an sm_90a code object inside
# <target>, under the symbol octet_code_<prefix>_<stem>. No CUDA library is linked.
#
# Run as a script (-DNVCC= -DSOURCE= -DOUTPUT= -DROOT=) it compiles one file, and fails on spills and on
# tensor instructions that the assembler had to serialise (C75xx).
include(${CMAKE_CURRENT_LIST_DIR}/code_objects.cmake)

if(CMAKE_SCRIPT_MODE_FILE)
  # Why relative: the code object must not depend on where the tree lies.
  execute_process(
    COMMAND ${NVCC} -std=c++20 -O3 --expt-relaxed-constexpr -I. -Xptxas -v -gencode=arch=compute_90a,code=sm_90a
            -cubin -MD -MF ${OUTPUT}.d -MT ${OUTPUT} -o ${OUTPUT} ${SOURCE}
    WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  file(WRITE ${OUTPUT}.log "${text}")
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${text}")
  endif()
  if(text MATCHES "C75[0-9][0-9]|[1-9][0-9]* bytes spill")
    file(REMOVE ${OUTPUT})
    message(FATAL_ERROR "${SOURCE} spills or is serialised:\n${text}")
  endif()
  octet_whole_dependencies(${OUTPUT}.d ${ROOT})
  return()
endif()

set(OCTET_CUDA_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(octet_cuda target prefix folder)
  if(NOT "sm90" IN_LIST OCTET_TARGETS_IN_USE)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.cu)
  foreach(source IN LISTS sources)
    get_filename_component(stem ${source} NAME_WE)
    octet_code_object(cubin sm90 ${prefix}_${stem}.cubin)
    if(NOT OCTET_CODE_OBJECTS)
      add_custom_command(
        OUTPUT ${cubin}
        COMMAND ${CMAKE_COMMAND} -DNVCC=${OCTET_NVCC} -DSOURCE=${source} -DOUTPUT=${cubin} -DROOT=${PROJECT_SOURCE_DIR}
                -P ${OCTET_CUDA_SCRIPT}
        DEPENDS ${PROJECT_SOURCE_DIR}/${source} ${OCTET_CUDA_SCRIPT}
        DEPFILE ${cubin}.d
        COMMENT "Compiling ${source} for sm_90a" VERBATIM)
    endif()
    octet_embed_code(${target} octet_code_${prefix}_${stem} ${cubin})
  endforeach()
endfunction()
