# polyshm_module(TARGET LANGUAGE <folder in swig/> SWIG <language as swig says it> [FLAGS ...]): a script language's module.
find_package(SWIG 4.1 REQUIRED)
set(POLYSHM_SWIG_DIRECTORY "${CMAKE_CURRENT_LIST_DIR}/../swig")

# What polyshm.i includes last: every file of swig/api.
file(GLOB api RELATIVE "${POLYSHM_SWIG_DIRECTORY}" CONFIGURE_DEPENDS "${POLYSHM_SWIG_DIRECTORY}/api/*.i")
list(TRANSFORM api REPLACE "(.+)" "%include <\\1>\n")
list(JOIN api "" api)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/swig/api.i" CONTENT "${api}" @ONLY)

function(polyshm_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LANGUAGE;SWIG" "FLAGS")
  if(NOT IS_DIRECTORY "${POLYSHM_SWIG_DIRECTORY}/${arg_LANGUAGE}")
    message(FATAL_ERROR "polyshm_module(${target}): there is no swig/${arg_LANGUAGE}, which is to hold the language's typemaps")
  endif()
  set(wrapper "${CMAKE_CURRENT_BINARY_DIR}/${target}_wrap.c")
  file(GLOB interfaces CONFIGURE_DEPENDS "${POLYSHM_SWIG_DIRECTORY}/*.i" "${POLYSHM_SWIG_DIRECTORY}/api/*.i"
       "${POLYSHM_SWIG_DIRECTORY}/${arg_LANGUAGE}/*.i")
  add_custom_command(
    OUTPUT "${wrapper}"
    COMMAND "${SWIG_EXECUTABLE}" -${arg_SWIG} -Wall -Werror ${arg_FLAGS} "-I${POLYSHM_SWIG_DIRECTORY}/${arg_LANGUAGE}"
            "-I${POLYSHM_SWIG_DIRECTORY}" "-I${PROJECT_BINARY_DIR}/swig" -o "${wrapper}" "${POLYSHM_SWIG_DIRECTORY}/polyshm.i"
    DEPENDS ${interfaces} COMMENT "SWIG makes ${target}" VERBATIM)
  add_library(${target} MODULE "${wrapper}")
  target_link_libraries(${target} PRIVATE polyshm::polyshm_static)
  # A type table of our own: two SWIG modules in one interpreter must not share theirs.
  target_compile_definitions(${target} PRIVATE SWIG_TYPE_TABLE=polyshm _GNU_SOURCE)
  set_target_properties(${target} PROPERTIES PREFIX "" C_STANDARD 11 C_VISIBILITY_PRESET hidden)
  # A module exports its entry and not the core: nobody else's calls reach it, and ours take no detour through the linker.
  target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL)
  polyshm_sanitize(${target})
endfunction()
