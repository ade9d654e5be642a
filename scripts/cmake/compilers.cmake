# Runs before project(): a missing compiler should say what to do about it.
if(CMAKE_CXX_COMPILER)
  find_program(ORRERY_CXX_FOUND NAMES ${CMAKE_CXX_COMPILER} NO_CACHE)
  if(NOT ORRERY_CXX_FOUND)
    message(FATAL_ERROR
      "${CMAKE_CXX_COMPILER} is not installed.  Run scripts/install-deps.sh "
      "(Debian 12), or choose another preset: cmake --list-presets")
  endif()
endif()

find_program(ORRERY_CCACHE ccache)
if(ORRERY_CCACHE)
  # A cache hit must not depend on where the tree was cloned.
  foreach(lang C CXX)
    set(CMAKE_${lang}_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${ORRERY_CCACHE})
  endforeach()
endif()

# A preset names the build type; a plain `cmake -B build` gets what ships.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Dev, Release, Sanitize or Plain")
endif()
