# plumb_part(NAME [INTERNAL] SOURCES ... [DEPS ...] [PRIVATE_DEPS ...])
# A part is one static library `plumb_NAME`, alias `plumb::NAME`. Its public headers stand in
# include/ beside it and are installed; private headers are included from the project's root.
# An INTERNAL part is not installed: only programs of this project link it.
function(plumb_part name)
  cmake_parse_arguments(ARG "INTERNAL" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(plumb_${name} STATIC ${ARG_SOURCES})
  add_library(plumb::${name} ALIAS plumb_${name})
  set_target_properties(plumb_${name} PROPERTIES EXPORT_NAME ${name})
  plumb_compile_settings(plumb_${name})
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(plumb_${name} PUBLIC
      $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    install(DIRECTORY include/ DESTINATION include)
  endif()
  target_link_libraries(plumb_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_INTERNAL)
    set_property(GLOBAL APPEND PROPERTY PLUMB_PARTS plumb_${name})
  endif()
endfunction()

# plumb_layer(NAME PARTS...): the library a user of a whole layer links.
function(plumb_layer name)
  add_library(plumb_${name} INTERFACE)
  add_library(plumb::${name} ALIAS plumb_${name})
  set_target_properties(plumb_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(plumb_${name} INTERFACE ${ARGN})
  set_property(GLOBAL APPEND PROPERTY PLUMB_PARTS plumb_${name})
endfunction()

# Warnings, sanitizers and the include root that every target of ours has.
function(plumb_compile_settings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_features(${target} PUBLIC cxx_std_20)
endfunction()

if(PLUMB_SANITIZE)
  add_compile_options(-fsanitize=${PLUMB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PLUMB_SANITIZE})
endif()
if(PLUMB_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "PLUMB_BUILD_FUZZERS needs clang: use the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# A faster linker where there is one: the tests link some sixty programs.
find_program(PLUMB_MOLD mold)
if(PLUMB_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_link_options(-fuse-ld=mold)
endif()
