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
# libdeflate's Debian package has a pkg-config file only.
if(NOT TARGET plumb_libdeflate)
  find_library(PLUMB_LIBDEFLATE_LIBRARY deflate REQUIRED)
  find_path(PLUMB_LIBDEFLATE_INCLUDE_DIR libdeflate.h REQUIRED)
  add_library(plumb_libdeflate UNKNOWN IMPORTED)
  set_target_properties(plumb_libdeflate PROPERTIES IMPORTED_LOCATION ${PLUMB_LIBDEFLATE_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PLUMB_LIBDEFLATE_INCLUDE_DIR})
endif()
find_package(ICU REQUIRED COMPONENTS uc i18n)
# Debian's own oneDNN package file asks for OpenCL's library, which Plumb does not link.
if(NOT TARGET plumb_dnnl)
  find_library(PLUMB_DNNL_LIBRARY dnnl REQUIRED)
  find_path(PLUMB_DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
  add_library(plumb_dnnl UNKNOWN IMPORTED)
  set_target_properties(plumb_dnnl PROPERTIES IMPORTED_LOCATION ${PLUMB_DNNL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PLUMB_DNNL_INCLUDE_DIR})
endif()
if(NOT PLUMB_CONSUMER)  # What only our own programs need.
  # SentencePiece's Debian package has a pkg-config file only.
  if(NOT TARGET plumb_sentencepiece)
    find_library(PLUMB_SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
    find_path(PLUMB_SENTENCEPIECE_INCLUDE_DIR sentencepiece_processor.h REQUIRED)
    add_library(plumb_sentencepiece UNKNOWN IMPORTED)
    set_target_properties(plumb_sentencepiece PROPERTIES IMPORTED_LOCATION ${PLUMB_SENTENCEPIECE_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${PLUMB_SENTENCEPIECE_INCLUDE_DIR})
  endif()
  # libhdf5 is for one helper program: its own package file finds compilers rather than the library.
  if(NOT TARGET plumb_libhdf5)
    find_library(PLUMB_HDF5_LIBRARY hdf5 PATH_SUFFIXES hdf5/serial REQUIRED)
    find_path(PLUMB_HDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
    add_library(plumb_libhdf5 UNKNOWN IMPORTED)
    set_target_properties(plumb_libhdf5 PROPERTIES IMPORTED_LOCATION ${PLUMB_HDF5_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${PLUMB_HDF5_INCLUDE_DIR})
  endif()
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_path(PLUMB_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
  find_path(PLUMB_OPENCL_INCLUDE_DIR CL/cl.h REQUIRED)  # OpenCL's library is looked for at run time.
  if(PLUMB_BUILD_SERVER)
    find_package(RocksDB REQUIRED)
  endif()
endif()
