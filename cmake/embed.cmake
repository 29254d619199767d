# octet_embed(<target> <folder>...): the CSV files of the folders travel inside <target>
# (src/core/embedded.h). Run as a script (-DOUTPUT= -DROOT= -DFILES=) it writes the source file.

if(CMAKE_SCRIPT_MODE_FILE)
  # Why chunks: a string literal may be limited to 64 KiB.
  set(text "#include \"src/core/embedded.h\"\n\n#include <string>\n\nnamespace octet {\nnamespace {\n")
  set(rows "")
  set(index 0)
  foreach(file IN LISTS FILES)
    file(READ ${ROOT}/${file} content)
    string(LENGTH "${content}" length)
    string(APPEND text "const char* const kChunks${index}[] = {\n")
    set(at 0)
    while(at LESS length)
      string(SUBSTRING "${content}" ${at} 16000 chunk)
      string(APPEND text "R\"octet(${chunk})octet\",\n")
      math(EXPR at "${at} + 16000")
    endwhile()
    string(APPEND text "nullptr};\n")
    string(APPEND rows "      {\"${file}\", joined(kChunks${index})},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND text "
struct File {
  std::string path, content;
};

std::string joined(const char* const* chunks) {
  std::string text;
  for (; *chunks != nullptr; ++chunks) text += *chunks;
  return text;
}

const std::vector<File>& files() {
  static const std::vector<File> list{
${rows}  };
  return list;
}

}  // namespace

std::vector<EmbeddedFile> embedded_files(std::string_view prefix) {
  std::vector<EmbeddedFile> found;
  for (const File& file : files()) {
    if (file.path.starts_with(prefix)) found.push_back({file.path, file.content});
  }
  return found;
}

}  // namespace octet
")
  file(WRITE ${OUTPUT} "${text}")
  return()
endif()

set(OCTET_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(octet_embed target)
  set(files "")
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.csv)
    list(APPEND files ${found})
  endforeach()
  list(SORT files)
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE inputs)
  set(output ${PROJECT_BINARY_DIR}/generated/embedded.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DROOT=${PROJECT_SOURCE_DIR} "-DFILES=${files}" -P ${OCTET_EMBED_SCRIPT}
    DEPENDS ${inputs} ${OCTET_EMBED_SCRIPT}
    COMMENT "Embedding data files" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
