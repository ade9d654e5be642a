# One target per room, so that the build files are the dependency graph.
#
#   orrery_room(NAME SOURCES ... DEPS ...)       a room of core/
#   orrery_sim_room(NAME SOURCES ... DEPS ...)   a room of the simulated world
#   orrery_library(NAME SOURCES ... DEPS ...)    transport/*, sim/host, node
#   orrery_executable(NAME SOURCES ... DEPS ...)
#   orrery_test(NAME SOURCES ... DEPS ...)
#   orrery_property_test(NAME SOURCES ... DEPS ...)
#   orrery_fuzzer(NAME SOURCES ... DEPS ...)
#   orrery_benchmark(NAME SOURCES ... DEPS ...)
#
# Rooms are small static libraries, so that a room's tests build only what they
# need; orrery_core and orrery_sim hold the same objects, once each, for the
# purity gate and for whoever links the whole.  Rooms of headers only are
# interface libraries.  DEPS are public.

function(orrery_target_defaults name)
  target_compile_options(${name} PRIVATE ${ORRERY_WARNINGS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

function(orrery_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  set(compiled ${ARG_SOURCES})
  list(FILTER compiled INCLUDE REGEX "\\.(cc|cpp|c)$")
  if(compiled)
    add_library(${name} STATIC ${ARG_SOURCES})
    orrery_target_defaults(${name})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
  endif()
endfunction()

# What core may use of Abseil.
set(ORRERY_CORE_PACKAGES
  absl::btree absl::flat_hash_map absl::inlined_vector)

function(orrery_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  orrery_library(${name} SOURCES ${ARG_SOURCES}
    DEPS ${ARG_DEPS} ${ORRERY_CORE_PACKAGES})
  get_target_property(type ${name} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    target_compile_options(${name} PRIVATE -fno-exceptions)
    set_property(GLOBAL APPEND PROPERTY ORRERY_CORE_ROOMS ${name})
  endif()
endfunction()

function(orrery_sim_room name)
  orrery_library(${name} ${ARGN})
  get_target_property(type ${name} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    target_compile_options(${name} PRIVATE -fno-exceptions)
    set_property(GLOBAL APPEND PROPERTY ORRERY_SIM_ROOMS ${name})
  endif()
endfunction()

# Collects the objects of every room of a kind (CORE or SIM) into one archive.
function(orrery_archive name kind)
  get_property(rooms GLOBAL PROPERTY ORRERY_${kind}_ROOMS)
  if(NOT rooms)
    return()
  endif()
  set(objects)
  foreach(room IN LISTS rooms)
    list(APPEND objects $<TARGET_OBJECTS:${room}>)
  endforeach()
  add_library(${name} STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ORRERY_CORE_PACKAGES})
endfunction()

# Programs.  The release preset puts them into bin/ of the source tree, because
# that is where the Makefile's users look; every other build keeps its own.
function(orrery_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  orrery_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  if(CMAKE_BINARY_DIR STREQUAL "${CMAKE_SOURCE_DIR}/build/release")
    set(directory ${CMAKE_SOURCE_DIR}/bin)
  else()
    set(directory ${CMAKE_BINARY_DIR}/bin)
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${directory})
endfunction()

function(orrery_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  orrery_target_defaults(${name})
  target_link_libraries(${name} PRIVATE
    ${ARG_DEPS} orrery_test_main GTest::gmock GTest::gtest)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

function(orrery_property_test name)
  orrery_test(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE rapidcheck rapidcheck_gtest)
endfunction()

function(orrery_fuzzer name)
  if(NOT ORRERY_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  orrery_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} orrery_invariant_abort)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

function(orrery_benchmark name)
  if(NOT benchmark_FOUND OR ORRERY_SANITIZE)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  orrery_target_defaults(${name})
  target_link_libraries(${name} PRIVATE
    ${ARG_DEPS} orrery_invariant_abort benchmark::benchmark)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
