# The components that are installed and that programs link: streamkit::core, ::net, ::av, and streamkit::streamkit for all.
#
# A component is made of the object files of its modules, so nothing is compiled for it. Inside this tree a program links
# either components (apps, examples) or modules (tests): never both, as the symbols would be there twice.

# Sets <result> to the component that holds the module.
function(streamkit_component_of module result)
    if(module STREQUAL "av")
        set(${result} av PARENT_SCOPE)
    elseif(streamkit_rank_${module} LESS 6)
        set(${result} core PARENT_SCOPE)
    else()
        set(${result} net PARENT_SCOPE)
    endif()
endfunction()

# streamkit_component(<component> [USES <component> …] [PUBLIC <target> …])
function(streamkit_component component)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "USES;PUBLIC")
    set(target streamkit-${component})
    add_library(${target})
    add_library(streamkit::${component} ALIAS ${target})
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${component}
        LINKER_LANGUAGE CXX
        INSTALL_RPATH "$ORIGIN"
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_include_directories(${target} PUBLIC
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    list(TRANSFORM arg_USES PREPEND streamkit-)
    target_link_libraries(${target} PUBLIC ${arg_USES} ${arg_PUBLIC})

    foreach(module IN LISTS streamkit_modules)
        streamkit_component_of(${module} home)
        if(NOT home STREQUAL component OR NOT TARGET streamkit_${module})
            continue()
        endif()
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:streamkit_${module}>)
        get_target_property(public streamkit_${module} STREAMKIT_PUBLIC)
        get_target_property(private streamkit_${module} STREAMKIT_PRIVATE)
        list(REMOVE_ITEM public ${arg_PUBLIC})
        foreach(library IN LISTS private)
            if(library STREQUAL "llhttp::llhttp" AND llhttp_IS_OBJECT)
                target_sources(${target} PRIVATE $<TARGET_OBJECTS:llhttp_objects>)
            else()
                target_link_libraries(${target} PRIVATE ${library})
            endif()
        endforeach()
        target_link_libraries(${target} PUBLIC ${public})
    endforeach()

    if(BUILD_SHARED_LIBS)
        # What the library exports: its namespace and nothing of what it is built from.
        set(script "${PROJECT_SOURCE_DIR}/cmake/exports-${component}.map")
        if(NOT EXISTS "${script}")
            set(script "${PROJECT_SOURCE_DIR}/cmake/exports.map")
        endif()
        target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
        set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
    endif()
endfunction()

# streamkit::streamkit: every component that this build has.
function(streamkit_all_components)
    add_library(streamkit-all INTERFACE)
    add_library(streamkit::streamkit ALIAS streamkit-all)
    set_target_properties(streamkit-all PROPERTIES EXPORT_NAME streamkit)
    list(TRANSFORM streamkit_components PREPEND streamkit- OUTPUT_VARIABLE targets)
    target_link_libraries(streamkit-all INTERFACE ${targets})
endfunction()

# What net needs of Asio. All of it is part of its ABI, so whoever links net compiles with it too. Asio's bodies are compiled
# once (lib/net/asio.cpp). Clang 14 is told that it has coroutines, which Asio 1.22 does not see there. And how memory is
# allocated is said outright: Asio 1.22 would find out by whether a header of libstdc++ happens to come before its own, and
# what one source file allocates, another one frees.
if(STREAMKIT_HAS_NET)
    add_library(streamkit_asio INTERFACE)
    set_target_properties(streamkit_asio PROPERTIES EXPORT_NAME asio)
    target_link_libraries(streamkit_asio INTERFACE asio::asio)
    target_compile_definitions(streamkit_asio INTERFACE
        ASIO_SEPARATE_COMPILATION
        ASIO_HAS_STD_ALIGNED_ALLOC=1
        $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1>
        $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE=1>)
    if(STREAMKIT_HAS_TLS)
        target_link_libraries(streamkit_asio INTERFACE OpenSSL::SSL)
        target_compile_definitions(streamkit_asio INTERFACE STREAMKIT_HAS_TLS=1)
    endif()
endif()
