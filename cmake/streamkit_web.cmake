# The web pages inside the server: the object library streamkit_web, with the function of web/web_files.hpp.
#
# The files of web/ and the server's openapi.json are embedded as they are. With npm, the packages of web/package-lock.json are fetched while building
# (never while configuring) and the files named here are embedded too.

if(NOT EXISTS "${PROJECT_SOURCE_DIR}/web/package-lock.json")
    return()
endif()

# What is taken out of node_modules, as <file>=<name in the table>.
set(web_packages dashjs/dist/modern/umd/dash.mediaplayer.min.js=dash.js)

file(GLOB web_files CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/web/*.html" "${PROJECT_SOURCE_DIR}/web/*.js" "${PROJECT_SOURCE_DIR}/web/*.css"
    "${PROJECT_SOURCE_DIR}/web/*.svg" "${PROJECT_SOURCE_DIR}/apps/streamkit-server/openapi.json")
set(web_source "${PROJECT_BINARY_DIR}/web/web_files.cpp")
set(web_npm "")
if(STREAMKIT_HAS_WEB)
    set(web_npm "${STREAMKIT_NPM}")
endif()

add_custom_command(OUTPUT "${web_source}"
    COMMAND "${CMAKE_COMMAND}"
        "-DFILES=${web_files}" "-DPACKAGES=${web_packages}" "-DNPM=${web_npm}" "-DMODE=${STREAMKIT_WEB}"
        "-DWEB=${PROJECT_SOURCE_DIR}/web" "-DOUTPUT=${web_source}"
        -P "${PROJECT_SOURCE_DIR}/cmake/embed_web.cmake"
    DEPENDS ${web_files} "${PROJECT_SOURCE_DIR}/web/package.json" "${PROJECT_SOURCE_DIR}/web/package-lock.json"
        "${PROJECT_SOURCE_DIR}/cmake/embed_web.cmake"
    COMMENT "Embedding the web pages"
    VERBATIM)
add_library(streamkit_web OBJECT "${web_source}")
target_include_directories(streamkit_web PUBLIC "${PROJECT_SOURCE_DIR}/web")
target_compile_options(streamkit_web PRIVATE ${streamkit_warnings})
