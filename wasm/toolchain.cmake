# Finds the Emscripten on this machine's path and uses its own CMake platform file, so that
# `cmake --preset wasm-release` needs no wrapper.
find_program(EM_CONFIG em-config REQUIRED)
execute_process(COMMAND ${EM_CONFIG} EMSCRIPTEN_ROOT OUTPUT_VARIABLE em_root
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
include(${em_root}/cmake/Modules/Platform/Emscripten.cmake)

# -O2, not -O3: from -O3 on, em++ renames the exports that js_bindings/core/abi.js calls.
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_CXX_FLAGS_INIT} -flto")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")
# The debug module has the functions' names and DWARF, with paths from the top of the sources on.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g -ffile-prefix-map=${CMAKE_SOURCE_DIR}=." CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-flto")
