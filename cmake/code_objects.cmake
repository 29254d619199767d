# What cuda.cmake and hip.cmake share: device code that is compiled from the tree's root and travels inside
# a library under a symbol.

set(OCTET_CODE_OBJECTS "" CACHE PATH "Folder generated of another build of this tree, whose code objects serve; empty: compiled here")

# octet_code_object(<variable> <arch> <name>): where a code object lies.
function(octet_code_object variable arch name)
  set(folder ${PROJECT_BINARY_DIR}/generated)
  if(OCTET_CODE_OBJECTS)
    set(folder ${OCTET_CODE_OBJECTS})
  endif()
  set(${variable} ${folder}/${arch}/${name} PARENT_SCOPE)
endfunction()

# octet_embed_code(<target> <symbol> <code object>)
function(octet_embed_code target symbol code)
  set(source ${PROJECT_BINARY_DIR}/generated/embedded/${symbol}.cpp)
  set(text "asm(\".section .rodata\\n.balign 64\\n.globl ${symbol}\\n.type ${symbol}, @object\\n${symbol}:\\n.incbin \\\"${code}\\\"\\n.size ${symbol}, .-${symbol}\\n.previous\\n\");\n")
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${code} SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${source})
endfunction()

# octet_whole_dependencies(<file> <root>): a compiler that runs in the tree names files from its root; the
# build wants whole paths.
function(octet_whole_dependencies file root)
  file(READ ${file} dependencies)
  string(REGEX REPLACE " (\\./)?src/" " ${root}/src/" dependencies "${dependencies}")
  file(WRITE ${file} "${dependencies}")
endfunction()
