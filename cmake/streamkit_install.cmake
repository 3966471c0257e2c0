# Installs the components: headers, libraries, a CMake package with one export set per component, and .pc files.

include(CMakePackageConfigHelpers)
set(streamkit_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/streamkit")

foreach(component IN LISTS streamkit_components)
    set(targets streamkit-${component})
    if(component STREQUAL "net")
        list(APPEND targets streamkit_asio)
    endif()
    install(TARGETS ${targets} EXPORT streamkit-${component}
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(EXPORT streamkit-${component} NAMESPACE streamkit:: DESTINATION "${streamkit_package_dir}"
        FILE streamkit-${component}.cmake)
endforeach()

foreach(module IN LISTS streamkit_modules)
    streamkit_component_of(${module} component)
    if(component IN_LIST streamkit_components AND TARGET streamkit_${module})
        install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/streamkit/${module}"
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/streamkit" FILES_MATCHING PATTERN "*.hpp")
    endif()
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/include/streamkit/version.hpp"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/streamkit")

# CMake package.
if(BUILD_SHARED_LIBS)
    set(streamkit_is_static OFF)
else()
    set(streamkit_is_static ON)
endif()
configure_package_config_file(cmake/streamkitConfig.cmake.in "${PROJECT_BINARY_DIR}/streamkitConfig.cmake"
    INSTALL_DESTINATION "${streamkit_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/streamkitConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
set(find_modules cmake/Findasio.cmake cmake/FindFFmpeg.cmake)
if(NOT llhttp_IS_OBJECT)
    list(APPEND find_modules cmake/Findllhttp.cmake)
endif()
install(FILES "${PROJECT_BINARY_DIR}/streamkitConfig.cmake" "${PROJECT_BINARY_DIR}/streamkitConfigVersion.cmake"
    ${find_modules} DESTINATION "${streamkit_package_dir}")

# pkg-config. There is no shared library beside a static one here, so a static build names its dependencies for plain
# `pkg-config --libs` too.
file(RELATIVE_PATH streamkit_pc_to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" streamkit_pc_to_prefix "${streamkit_pc_to_prefix}")
function(streamkit_install_pc name description requires dependencies cflags libs)
    set(requires_private "")
    if(BUILD_SHARED_LIBS)
        set(requires_private "${dependencies}")
    else()
        string(APPEND requires " ${dependencies}")
    endif()
    string(STRIP "${requires}" requires)
    configure_file(cmake/streamkit.pc.in "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

set(dependencies "libcrypto simdjson tinyxml2")
if(NOT llhttp_IS_OBJECT)
    string(APPEND dependencies " libllhttp")
endif()
streamkit_install_pc(streamkit-core "formats and protocol cores, without I/O" "" "${dependencies}" "" "-lstreamkit-core")
set(all streamkit-core)
if("net" IN_LIST streamkit_components)
    set(flags "-pthread -DASIO_STANDALONE -DASIO_SEPARATE_COMPILATION -DASIO_HAS_STD_ALIGNED_ALLOC=1")
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        string(APPEND flags " -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1")
    endif()
    set(requires streamkit-core)
    if(STREAMKIT_HAS_TLS)
        string(APPEND flags " -DSTREAMKIT_HAS_TLS=1")
        string(APPEND requires " libssl")
    endif()
    streamkit_install_pc(streamkit-net "sockets, timers and services" "${requires}" "" "${flags}"
        "-lstreamkit-net -pthread")
    string(APPEND all " streamkit-net")
endif()
if("av" IN_LIST streamkit_components)
    streamkit_install_pc(streamkit-av "FFmpeg adapters" streamkit-core
        "libavformat libavcodec libavutil libswresample libswscale libavfilter" "" "-lstreamkit-av")
    string(APPEND all " streamkit-av")
endif()
streamkit_install_pc(streamkit "all components" "${all}" "" "" "")
