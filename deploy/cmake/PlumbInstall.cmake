# `cmake --install`: libraries with an exported CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(parts GLOBAL PROPERTY PLUMB_PARTS)
install(TARGETS ${parts} EXPORT plumbTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT plumbTargets NAMESPACE plumb:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)
configure_package_config_file(${PROJECT_SOURCE_DIR}/deploy/cmake/plumbConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/plumbConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/plumbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plumbConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/plumbConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/deploy/cmake/PlumbDependencies.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)

# Static archives want their users first: the client library down to the messages.
set(PLUMB_PC_LIBS "")
foreach(part client transfer rpc inference tokenizer policy manifest document convert comparison naming containers keras hdf5 onnx tensorflow protowire tflite flax numpy pytorch pickle archive gguf weights codec content base services proto)
  string(APPEND PLUMB_PC_LIBS " -lplumb_${part}")
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/deploy/cmake/plumb.pc.in ${CMAKE_CURRENT_BINARY_DIR}/plumb.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plumb.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
