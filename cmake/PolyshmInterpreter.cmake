# What the tests, the benches and script/env must know of the interpreters found: each binding says it with these three.

# polyshm_extension(TARGET [INCLUDES ...] [OPTIONS ...] [DEFINITIONS ...] [LIBRARIES ...]): a target that says, to whatever links it,
# what an extension of an interpreter is compiled and linked with: ours and those that the benches compare it with.
function(polyshm_extension target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "INCLUDES;OPTIONS;DEFINITIONS;LIBRARIES")
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${arg_INCLUDES})
  target_compile_options(${target} INTERFACE ${arg_OPTIONS})
  target_compile_definitions(${target} INTERFACE ${arg_DEFINITIONS})
  target_link_libraries(${target} INTERFACE ${arg_LIBRARIES})
endfunction()

# polyshm_interpreter(NAME LANGUAGE SUFFIX COMMAND [EXTENSION <polyshm_extension's target>]): an interpreter that can load the binding in
# bindings/LANGUAGE; SUFFIX is its scripts'.
function(polyshm_interpreter name language suffix command)
  cmake_parse_arguments(PARSE_ARGV 4 arg "" "EXTENSION" "")
  set_property(GLOBAL APPEND PROPERTY POLYSHM_INTERPRETERS "${name}|${language}|${suffix}|${command}|${arg_EXTENSION}")
endfunction()

# polyshm_environment(NAME VALUE): a variable under which the built tree is found.
function(polyshm_environment name value)
  string(REPLACE ";" "\\;" value "${value}") # Lua's paths have them, and CMake's lists are split at them
  set_property(GLOBAL APPEND PROPERTY POLYSHM_ENVIRONMENT "${name}=${value}")
endfunction()

# Writes what is known of the interpreters, a line for each, and the environment for script/env to print: sh's words.
function(polyshm_write_interpreters file)
  get_property(interpreters GLOBAL PROPERTY POLYSHM_INTERPRETERS)
  list(JOIN interpreters "\n" text)
  file(WRITE "${file}" "${text}\n")
endfunction()
function(polyshm_write_environment file)
  get_property(environment GLOBAL PROPERTY POLYSHM_ENVIRONMENT)
  set(text "")
  foreach(pair IN LISTS environment)
    string(REGEX MATCH "^([^=]+)=(.*)$" matched "${pair}")
    string(APPEND text "export ${CMAKE_MATCH_1}='${CMAKE_MATCH_2}'\n")
  endforeach()
  file(WRITE "${file}" "${text}")
endfunction()
