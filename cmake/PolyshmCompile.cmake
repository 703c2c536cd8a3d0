# What every C target of ours is compiled with.
option(POLYSHM_WERROR "Make warnings errors" ON)
set(POLYSHM_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them: address,undefined or thread")

function(polyshm_compile target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
                                             C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
                                           -Wmissing-prototypes $<$<BOOL:${POLYSHM_WERROR}>:-Werror>)
  polyshm_sanitize(${target})
endfunction()

function(polyshm_sanitize target)
  if(POLYSHM_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${POLYSHM_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${POLYSHM_SANITIZE})
  endif()
endfunction()
