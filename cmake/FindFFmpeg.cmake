# The FFmpeg libraries by pkg-config, for `find_package(FFmpeg COMPONENTS avformat avcodec …)`.
#
# Defines `FFmpeg::<component>` for each, `FFmpeg_<component>_FOUND` and `FFmpeg_VERSION` (that of libavcodec).

find_package(PkgConfig QUIET)

foreach(_component IN LISTS FFmpeg_FIND_COMPONENTS)
    set(FFmpeg_${_component}_FOUND FALSE)
    if(PkgConfig_FOUND)
        pkg_check_modules(FFmpeg_${_component} QUIET IMPORTED_TARGET lib${_component})
    endif()
    if(FFmpeg_${_component}_FOUND)
        set(FFmpeg_${_component}_FOUND TRUE)
        if(NOT TARGET FFmpeg::${_component})
            add_library(FFmpeg::${_component} INTERFACE IMPORTED)
            target_link_libraries(FFmpeg::${_component} INTERFACE PkgConfig::FFmpeg_${_component})
        endif()
    endif()
endforeach()

if(FFmpeg_avcodec_FOUND)
    set(FFmpeg_VERSION ${FFmpeg_avcodec_VERSION})
    set(_ffmpeg_usable TRUE)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FFmpeg
    REQUIRED_VARS _ffmpeg_usable VERSION_VAR FFmpeg_VERSION HANDLE_COMPONENTS)
