# Each language's driver, README.md: driver_c, and driver.<extension> for each interpreter. `drivers` is NAME=COMMAND of each,
# C's first.
set(drivers "c=$<TARGET_FILE:driver_c>")
foreach(entry IN LISTS interpreters)
  polyshm_interpreter_fields("${entry}")
  set(driver ${CMAKE_CURRENT_LIST_DIR}/driver.${extension})
  if(NOT EXISTS ${driver})
    message(FATAL_ERROR "${name} has no driver: write ${driver}, through which the tests reach it. "
                        "README.md beside it has the protocol.")
  endif()
  list(APPEND drivers "${name}=${command} ${driver}")
endforeach()
if(NOT POLYSHM_PYTHON)
  message(FATAL_ERROR "the tests need /usr/bin/python3, which speaks to the drivers")
endif()

# What an entry of `drivers` says: name, and command as a list.
macro(polyshm_driver_fields driver)
  string(REGEX MATCH "^([^=]+)=(.*)$" command "${driver}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE " " ";" command "${CMAKE_MATCH_2}")
endmacro()

# polyshm_cases_test(NAME CASES FILE... BY DRIVER... [WITHIN COMMAND...]): lists of cases through a driver. WITHIN runs all of
# it: the runner looks for names that are left, and runs the cases' shell commands, where the driver is.
function(polyshm_cases_test name)
  cmake_parse_arguments(PARSE_ARGV 1 the "" "" "CASES;BY;WITHIN")
  add_test(NAME ${name}
           COMMAND ${the_WITHIN} ${POLYSHM_PYTHON} -B ${PROJECT_SOURCE_DIR}/tests/conformance/runner.py ${the_CASES} -- ${the_BY})
  get_filename_component(label ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" TIMEOUT 300 LABELS "${label};sanitize")
endfunction()
