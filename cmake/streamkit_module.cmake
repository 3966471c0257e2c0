# One call per module of the library, and the rank table (cmake/modules.txt) behind it.

# streamkit_modules: every module, lowest rank first; streamkit_rank_<module>: its rank.
set(streamkit_modules "")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/modules.txt")
file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/modules.txt" streamkit_module_rows REGEX "^[0-9]")
foreach(row IN LISTS streamkit_module_rows)
    string(REGEX MATCHALL "[^ ]+" row "${row}")
    list(POP_FRONT row rank)
    foreach(module IN LISTS row)
        list(APPEND streamkit_modules ${module})
        set(streamkit_rank_${module} ${rank})
    endforeach()
endforeach()

# streamkit_module(<module> SOURCES a.cpp … [USES <lower module> …] [PUBLIC <target> …] [PRIVATE <target> …])
#
# Makes the static library streamkit_<module> of lib/<module>/ and include/streamkit/<module>/, for use inside this tree:
# tests link it, and its objects go into the component that is installed (see lib/CMakeLists.txt).
#
# USES     modules of a lower rank, as their names; their headers may be included, here and by whoever links this module
# PUBLIC   other targets that appear in the public headers
# PRIVATE  other targets that appear in the bodies only
function(streamkit_module module)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;PUBLIC;PRIVATE")
    if(NOT DEFINED streamkit_rank_${module})
        message(FATAL_ERROR "module ${module} is not in cmake/modules.txt")
    endif()

    set(target streamkit_${module})
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>")
    target_compile_options(${target} PRIVATE ${streamkit_warnings})
    target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    streamkit_hide_symbols(${target})
    foreach(used IN LISTS arg_USES)
        if(NOT DEFINED streamkit_rank_${used})
            message(FATAL_ERROR "module ${module} uses ${used}, which is not in cmake/modules.txt")
        endif()
        if(NOT streamkit_rank_${used} LESS streamkit_rank_${module})
            message(FATAL_ERROR "module ${module} (rank ${streamkit_rank_${module}}) uses ${used} "
                "(rank ${streamkit_rank_${used}}): only a lower rank may be used")
        endif()
        if(NOT TARGET streamkit_${used})
            message(FATAL_ERROR "module ${module} uses ${used}, which this build does not have")
        endif()
        target_link_libraries(${target} PUBLIC streamkit_${used})
    endforeach()
    set_target_properties(${target} PROPERTIES
        STREAMKIT_PUBLIC "${arg_PUBLIC}"
        STREAMKIT_PRIVATE "${arg_PRIVATE}"
        ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/modules")
    streamkit_check_headers(${module} "${arg_SOURCES}")
endfunction()

# Symbols of a static library stay inside the program or library it ends up in. A shared build exports the namespace
# streamkit by a linker script instead (cmake/streamkit_component.cmake), so its objects keep the default visibility.
function(streamkit_hide_symbols target)
    if(NOT BUILD_SHARED_LIBS)
        set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    endif()
endfunction()

# Every public header must compile when it is the first include. One with a body of the same name does: the body includes
# it first (tools/layers.py holds that). The others are compiled alone, as part of the module's test.
function(streamkit_check_headers module sources)
    if(NOT STREAMKIT_TESTS)
        return()
    endif()
    set(folder "${PROJECT_SOURCE_DIR}/include/streamkit/${module}")
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/*.hpp")
    set(checks "")
    foreach(header IN LISTS headers)
        string(REGEX REPLACE "\\.hpp$" ".cpp" body "${header}")
        if(NOT body IN_LIST sources)
            set(check "${PROJECT_BINARY_DIR}/headers/${module}/${body}")
            file(CONFIGURE OUTPUT "${check}" CONTENT "#include <streamkit/${module}/${header}>\n")
            list(APPEND checks "${check}")
        endif()
    endforeach()
    if(checks)
        add_library(streamkit_${module}_headers OBJECT EXCLUDE_FROM_ALL ${checks})
        target_link_libraries(streamkit_${module}_headers PRIVATE streamkit_${module})
        target_compile_options(streamkit_${module}_headers PRIVATE ${streamkit_warnings} -O0 -g0)
    endif()
endfunction()
