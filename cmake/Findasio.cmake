# Asio standalone ships headers without a CMake package. Defines `asio::asio` and `asio_VERSION`.

find_path(asio_INCLUDE_DIR asio.hpp)
mark_as_advanced(asio_INCLUDE_DIR)

if(asio_INCLUDE_DIR)
    # "#define ASIO_VERSION 102201 // 1.22.1"
    file(STRINGS "${asio_INCLUDE_DIR}/asio/version.hpp" _asio_version REGEX "define ASIO_VERSION ")
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" asio_VERSION "${_asio_version}")
endif()

include(CMakeFindDependencyMacro)
find_dependency(Threads)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(asio REQUIRED_VARS asio_INCLUDE_DIR Threads_FOUND VERSION_VAR asio_VERSION)

if(asio_FOUND AND NOT TARGET asio::asio)
    add_library(asio::asio INTERFACE IMPORTED)
    set_target_properties(asio::asio PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${asio_INCLUDE_DIR}"
        INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE
        INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
