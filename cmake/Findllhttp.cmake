# llhttp in whichever form the system has it: its CMake package, pkg-config, or (Debian 12, where only node-llhttp
# is packaged) the generated C sources, which then become an object library inside ours.
#
# Defines `llhttp::llhttp`, `llhttp_VERSION`, and `llhttp_IS_OBJECT` where the objects end up in our own library, so that
# nobody who links streamkit needs llhttp.

set(llhttp_IS_OBJECT FALSE)

find_package(llhttp CONFIG QUIET)
if(NOT TARGET llhttp::llhttp)
    foreach(_llhttp_target llhttp::llhttp_shared llhttp::llhttp_static llhttp_shared llhttp_static)
        if(TARGET ${_llhttp_target} AND NOT TARGET llhttp::llhttp)
            add_library(llhttp::llhttp INTERFACE IMPORTED)
            target_link_libraries(llhttp::llhttp INTERFACE ${_llhttp_target})
        endif()
    endforeach()
endif()

if(NOT TARGET llhttp::llhttp)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(libllhttp QUIET IMPORTED_TARGET libllhttp)
        if(libllhttp_FOUND)
            set(llhttp_VERSION ${libllhttp_VERSION})
            add_library(llhttp::llhttp INTERFACE IMPORTED)
            target_link_libraries(llhttp::llhttp INTERFACE PkgConfig::libllhttp)
        endif()
    endif()
endif()

if(NOT TARGET llhttp::llhttp)
    find_path(llhttp_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp share/include/llhttp ../share/include/llhttp)
    find_path(llhttp_SOURCE_DIR llhttp.c PATH_SUFFIXES share/llhttp ../share/llhttp)
    mark_as_advanced(llhttp_INCLUDE_DIR llhttp_SOURCE_DIR)
    if(llhttp_INCLUDE_DIR AND llhttp_SOURCE_DIR)
        file(STRINGS "${llhttp_INCLUDE_DIR}/llhttp.h" _llhttp_version REGEX "define LLHTTP_VERSION_(MAJOR|MINOR|PATCH)")
        string(REGEX REPLACE "[^0-9;]" "" _llhttp_version "${_llhttp_version}")
        string(REPLACE ";" "." llhttp_VERSION "${_llhttp_version}")

        enable_language(C)
        add_library(llhttp_objects OBJECT
            "${llhttp_SOURCE_DIR}/llhttp.c" "${llhttp_SOURCE_DIR}/http.c" "${llhttp_SOURCE_DIR}/api.c")
        target_include_directories(llhttp_objects SYSTEM PUBLIC "${llhttp_INCLUDE_DIR}")
        # Without it, llhttp 8 takes any two bytes for the line end behind a chunk. llhttp 9 is always strict.
        target_compile_definitions(llhttp_objects PUBLIC LLHTTP_STRICT_MODE=1)
        target_compile_options(llhttp_objects PRIVATE -w)
        set_target_properties(llhttp_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
        add_library(llhttp::llhttp ALIAS llhttp_objects)
        set(llhttp_IS_OBJECT TRUE)
    endif()
endif()

if(TARGET llhttp::llhttp)
    set(_llhttp_usable TRUE)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(llhttp REQUIRED_VARS _llhttp_usable VERSION_VAR llhttp_VERSION)
