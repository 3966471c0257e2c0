# What every target of ours is compiled with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(streamkit_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion)
if(STREAMKIT_WERROR)
    list(APPEND streamkit_warnings -Werror)
endif()

if(STREAMKIT_SANITIZE)
    # For all targets: a library with and one without ASan do not mix.
    add_compile_options(-fsanitize=${STREAMKIT_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${STREAMKIT_SANITIZE})
    if(STREAMKIT_SANITIZE MATCHES "undefined")
        # The check of virtual table pointers probes memory through a pipe, so a test that uses up all descriptors makes it
        # cry wolf. What it would find, ASan finds as a use after free.
        add_compile_options(-fno-sanitize=vptr)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC 12 reports variables as uninitialised that only the sanitizer's own code leaves so.
        list(APPEND streamkit_warnings -Wno-maybe-uninitialized)
    endif()
endif()

if(STREAMKIT_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "STREAMKIT_FUZZ needs clang (libFuzzer): use the preset `fuzz`")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(STREAMKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(STREAMKIT_CCACHE_PROGRAM ccache)
    if(STREAMKIT_CCACHE_PROGRAM)
        # With the base directory, a clone at another path finds what this one compiled.
        set(streamkit_launcher
            "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
            "CCACHE_SLOPPINESS=pch_defines,time_macros" "${STREAMKIT_CCACHE_PROGRAM}")
        set(CMAKE_C_COMPILER_LAUNCHER ${streamkit_launcher})
        set(CMAKE_CXX_COMPILER_LAUNCHER ${streamkit_launcher})
    endif()
endif()
