# One call per test program.

# streamkit_test(<module> SOURCES a_test.cpp … [USES <other module> …] [PRIVATE <target> …]
#                [LABELS <label> …] [TIMEOUT <seconds>])
#
# Makes the Catch2 program test_<module> of tests/<module>/, linked with the module of that name (if there is one) and
# those it USES; each test case becomes one CTest case with the label <module> and LABELS. Does nothing without Catch2.
function(streamkit_test module)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;USES;PRIVATE;LABELS")
    if(NOT STREAMKIT_HAS_CATCH2)
        return()
    endif()
    set(target test_${module})
    add_executable(${target} ${arg_SOURCES})
    target_compile_options(${target} PRIVATE ${streamkit_warnings})
    target_link_libraries(${target} PRIVATE streamkit_test_main streamkit_test_support ${arg_PRIVATE})
    # The parts of a module that are not public are tested by themselves.
    if(TARGET streamkit_${module})
        target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/lib/${module}")
    endif()
    foreach(used IN ITEMS ${module} ${arg_USES})
        if(TARGET streamkit_${used})
            target_link_libraries(${target} PRIVATE streamkit_${used})
        elseif(NOT used STREQUAL module)
            message(FATAL_ERROR "test ${module} uses the module ${used}, which does not exist")
        endif()
    endforeach()
    if(TARGET streamkit_${module}_headers)
        add_dependencies(${target} streamkit_${module}_headers)
    endif()

    if(Catch2_VERSION VERSION_LESS 3)
        # Catch2 2 passes when a name matches no test case, unless it is told to warn.
        set(list_args --list-test-names-only)
        set(extra_args "--warn NoTests")
    else()
        set(list_args --list-tests --verbosity quiet)
        set(extra_args "")
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    set(labels ${module} ${arg_LABELS})
    set(list "${CMAKE_CURRENT_BINARY_DIR}/${target}_cases.cmake")
    add_custom_command(TARGET ${target} POST_BUILD
        BYPRODUCTS "${list}"
        COMMAND "${CMAKE_COMMAND}"
            "-DPROGRAM=$<TARGET_FILE:${target}>" "-DPREFIX=${module}/" "-DLABELS=${labels}" "-DTIMEOUT=${arg_TIMEOUT}"
            "-DOUTPUT=${list}" "-DLIST_ARGS=${list_args}" "-DEXTRA_ARGS=${extra_args}"
            -P "${PROJECT_SOURCE_DIR}/cmake/discover_tests.cmake"
        VERBATIM)
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake" @ONLY CONTENT [[
if(EXISTS "@list@")
    include("@list@")
else()
    add_test(@target@_is_not_built "@target@_is_not_built")
endif()
]])
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake")
endfunction()
