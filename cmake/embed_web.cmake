# Run while building: fetches the packages of WEB/package-lock.json with NPM (if set), then writes OUTPUT, a C++ source
# that holds FILES and the files of PACKAGES (<file in node_modules>=<name>) and defines streamkit::web::files().
#
# MODE ON: without the packages the build fails. Else it goes on and the page says what is missing.

get_filename_component(folder "${OUTPUT}" DIRECTORY)

set(entries "")
foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    list(APPEND entries "${name}=${file}")
endforeach()

if(NPM)
    foreach(name IN ITEMS package.json package-lock.json .npmrc)
        if(EXISTS "${WEB}/${name}")
            configure_file("${WEB}/${name}" "${folder}/${name}" COPYONLY)
        endif()
    endforeach()
    execute_process(
        COMMAND "${NPM}" ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
        WORKING_DIRECTORY "${folder}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(result EQUAL 0)
        foreach(package IN LISTS PACKAGES)
            string(REGEX MATCH "^(.*)=(.*)$" _ "${package}")
            set(file "${folder}/node_modules/${CMAKE_MATCH_1}")
            if(NOT EXISTS "${file}")
                message(FATAL_ERROR "npm ci did not bring ${CMAKE_MATCH_1}")
            endif()
            list(APPEND entries "${CMAKE_MATCH_2}=${file}")
        endforeach()
    elseif(MODE STREQUAL "ON")
        message(FATAL_ERROR "npm ci failed (${result}), and STREAMKIT_WEB=ON wants its packages:\n${output}")
    else()
        message("npm ci failed (${result}); the watch page will be without its player. "
            "To try again: touch web/package-lock.json and build.\n${output}")
    endif()
endif()
list(SORT entries)

set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")
set(data "")
set(symbols "")
set(table "")
set(index 0)
foreach(entry IN LISTS entries)
    string(REGEX MATCH "^([^=]*)=(.*)$" _ "${entry}")
    set(name "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    get_filename_component(extension "${name}" LAST_EXT)
    string(SUBSTRING "${extension}" 1 -1 extension)
    if(NOT DEFINED type_${extension})
        message(FATAL_ERROR "${name}: no content type is known for .${extension}")
    endif()
    string(APPEND data "    \"streamkit_web_${index}: .incbin \\\"${file}\\\"\\n\"\n    \"streamkit_web_${index}_end:\\n\"\n")
    string(APPEND symbols "extern const std::uint8_t streamkit_web_${index}[], streamkit_web_${index}_end[];\n")
    string(APPEND table "    {\"${name}\", \"${type_${extension}}\", {streamkit_web_${index}, streamkit_web_${index}_end}},\n")
    math(EXPR index "${index} + 1")
endforeach()

file(WRITE "${OUTPUT}" "// Made by cmake/embed_web.cmake.
#include \"web_files.hpp\"

asm(\".pushsection .rodata\\n\"
${data}    \".popsection\\n\");

extern \"C\" {
${symbols}}

namespace streamkit::web {

static const File kFiles[] = {
${table}};

std::span<const File> files() noexcept { return kFiles; }

}  // namespace streamkit::web
")
