# Everything Plumb links, all from Debian 12; docs/dependencies.md says why each is there.
find_package(Threads REQUIRED)
find_package(OpenMP COMPONENTS CXX)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(zstd REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Snappy REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)

# The target `name`, by a library, one of its headers and the folders (more arguments) below those where libraries are:
# for Debian packages that have no package file for CMake, or none that fits.
function(plumb_find_library name library header)
  if(TARGET ${name})
    return()
  endif()
  string(TOUPPER ${name} prefix)
  find_library(${prefix}_LIBRARY ${library} PATH_SUFFIXES ${ARGN} REQUIRED)
  find_path(${prefix}_INCLUDE_DIR ${header} PATH_SUFFIXES ${ARGN} REQUIRED)
  add_library(${name} UNKNOWN IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${prefix}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${prefix}_INCLUDE_DIR})
endfunction()

plumb_find_library(plumb_libdeflate deflate libdeflate.h)
# Debian's own oneDNN package file asks for OpenCL's library, which Plumb does not link.
plumb_find_library(plumb_dnnl dnnl oneapi/dnnl/dnnl.hpp)
if(NOT PLUMB_CONSUMER)  # What only our own programs need.
  plumb_find_library(plumb_sentencepiece sentencepiece sentencepiece_processor.h)
  # libhdf5 is for one helper program: its own package file finds compilers rather than the library.
  plumb_find_library(plumb_libhdf5 hdf5 hdf5.h hdf5/serial)
  # For the backend `torch`, which is left out without it, and in fuzzing, whose libraries are clang's.
  find_library(PLUMB_LIBTORCH torch_cpu)
  find_path(PLUMB_LIBTORCH_INCLUDE_DIR ATen/ATen.h)
  if(PLUMB_LIBTORCH AND PLUMB_LIBTORCH_INCLUDE_DIR AND NOT PLUMB_BUILD_FUZZERS)
    plumb_find_library(plumb_torch_cpu torch_cpu ATen/ATen.h)
    plumb_find_library(plumb_torch_c10 c10 c10/core/TensorOptions.h)
  endif()
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_path(PLUMB_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
  find_path(PLUMB_OPENCL_INCLUDE_DIR CL/cl.h REQUIRED)  # OpenCL's library is looked for at run time.
  if(PLUMB_BUILD_SERVER)
    find_package(RocksDB REQUIRED)
  endif()
endif()
