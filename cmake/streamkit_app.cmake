# One call per program.

# streamkit_app(<program> SOURCES main.cpp … [PRIVATE <target> …])
#
# Makes and installs the program, linked with the net component, the av component where this build has it (then
# STREAMKIT_HAS_AV is defined), CLI11 and spdlog. Does nothing in a build without net.
function(streamkit_app program)
    if(NOT TARGET streamkit::net)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PRIVATE")
    add_executable(${program} ${arg_SOURCES})
    target_compile_options(${program} PRIVATE ${streamkit_warnings})
    target_link_libraries(${program} PRIVATE streamkit::net CLI11::CLI11 spdlog::spdlog ${arg_PRIVATE})
    if(STREAMKIT_HAS_AV)
        target_link_libraries(${program} PRIVATE streamkit::av)
        target_compile_definitions(${program} PRIVATE STREAMKIT_HAS_AV=1)
    endif()
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
    if(STREAMKIT_INSTALL)
        install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
    endif()
endfunction()
