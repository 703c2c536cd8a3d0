# What the tests and script/env must know of the interpreters found: each binding says it with these two.

# polyshm_interpreter(NAME LANGUAGE EXTENSION COMMAND): an interpreter that can load the binding; EXTENSION is its scripts'.
function(polyshm_interpreter name language extension command)
  set_property(GLOBAL APPEND PROPERTY POLYSHM_INTERPRETERS "${name}|${language}|${extension}|${command}")
endfunction()

# polyshm_environment(NAME VALUE): a variable under which the built tree is found.
function(polyshm_environment name value)
  string(REPLACE ";" "\\;" value "${value}") # Lua's paths have them, and CMake's lists are split at them
  set_property(GLOBAL APPEND PROPERTY POLYSHM_ENVIRONMENT "${name}=${value}")
endfunction()

# Writes the environment for script/env to print: sh's words.
function(polyshm_write_environment file)
  get_property(environment GLOBAL PROPERTY POLYSHM_ENVIRONMENT)
  set(text "")
  foreach(pair IN LISTS environment)
    string(REGEX MATCH "^([^=]+)=(.*)$" matched "${pair}")
    string(APPEND text "export ${CMAKE_MATCH_1}='${CMAKE_MATCH_2}'\n")
  endforeach()
  file(WRITE "${file}" "${text}")
endfunction()
