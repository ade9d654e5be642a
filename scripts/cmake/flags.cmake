set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Purity")
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

# Build types.  ORRERY_INVARIANT is on in all of them.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1 -D_GLIBCXX_ASSERTIONS")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -D_GLIBCXX_ASSERTIONS")
set(CMAKE_CXX_FLAGS_PLAIN "-O0 -D_GLIBCXX_ASSERTIONS")
# Quick to build and quick to run: for planted bugs.
set(CMAKE_CXX_FLAGS_BARE "-O2 -DNDEBUG")
# For the purity gate only.  Under PIE a constant table of pointers would count
# as data, and hardening adds symbols of its own.
set(CMAKE_CXX_FLAGS_PURITY "-O2 -DNDEBUG -fno-pie")
# Hardened: stack protector, fortified libc calls, PIE, full RELRO.  Library
# assertions stay out: they cost a check per element on the request path.
set(CMAKE_CXX_FLAGS_RELEASE
  "-O2 -g1 -DNDEBUG -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2")
set(CMAKE_EXE_LINKER_FLAGS_RELEASE "-pie -Wl,-z,relro,-z,now,-z,noexecstack")

add_compile_options(
  # 0.1*10.0-1.0 is 0 or 2^-54 without it, by compiler.
  -ffp-contract=off
  # __FILE__ and debug paths do not depend on where the tree lies; ccache names
  # sources relative to build/<preset>.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=../../=)

set(ORRERY_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wcast-qual -Wundef
  -Wformat=2 -Wimplicit-fallthrough -Wextra-semi)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND ORRERY_WARNINGS
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wsuggest-override
    # Designated initializers leave the rest at its default.
    -Wno-missing-field-initializers
    # At -O2 GCC 12 sees Abseil's InlinedVector copy its storage whole, the part
    # that is not in use included.
    -Wno-maybe-uninitialized)
else()
  list(APPEND ORRERY_WARNINGS -Wthread-safety)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 22)
    # Macros of GoogleTest and RapidCheck use __COUNTER__.  A designated
    # initializer that leaves a member to its default says what it means.
    list(APPEND ORRERY_WARNINGS
      -Wno-c2y-extensions -Wno-missing-designated-field-initializers)
  endif()
endif()
if(ORRERY_WERROR)
  list(APPEND ORRERY_WARNINGS -Werror)
endif()

if(ORRERY_SANITIZE)
  set(ORRERY_SANITIZE_FLAGS
    -fsanitize=${ORRERY_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_compile_options(${ORRERY_SANITIZE_FLAGS})
  add_link_options(${ORRERY_SANITIZE_FLAGS})
endif()
if(ORRERY_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping
    -fcoverage-compilation-dir=${CMAKE_SOURCE_DIR})
  add_link_options(-fprofile-instr-generate)
endif()
# What a campaign runs: built once to be watched, and again with what was seen.
if(ORRERY_TRAIN)
  add_compile_options(-fprofile-generate)
  add_link_options(-fprofile-generate)
endif()
if(ORRERY_TRAINED_BY)
  add_compile_options(-fprofile-use=${ORRERY_TRAINED_BY} -flto=thin
    -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date
    -Wno-backend-plugin)  # Of functions that changed since.
  add_link_options(-flto=thin)
endif()
if(ORRERY_TRAIN OR ORRERY_TRAINED_BY)
  # A static function goes by the path of its file: the part that names the
  # build folder is left out, or the second build would know none of them.
  string(REGEX MATCHALL "/" ORRERY_LEVELS "${CMAKE_BINARY_DIR}/")
  list(LENGTH ORRERY_LEVELS ORRERY_LEVELS)
  add_compile_options(
    "SHELL:-mllvm -static-func-strip-dirname-prefix=${ORRERY_LEVELS}")
endif()
if(ORRERY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ORRERY_FUZZ needs clang: use the asan-ubsan preset")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# lld with clang, mold with GCC; the system's own where they are missing.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_program(ORRERY_MOLD mold)
  if(ORRERY_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
else()
  find_program(ORRERY_LLD NAMES ld.lld-22 ld.lld)
  if(ORRERY_LLD)
    add_link_options(--ld-path=${ORRERY_LLD})
  endif()
endif()
