# cmake --install: the tools, the C interface, and what find_package(kiln) reads. libHalide is copied beside the tools, so that the
# installed folder needs neither .venv nor the build folder; MLIR and LLVM stay where Debian put them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY runtime/include/kiln DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

foreach(tool kiln kiln-opt)
  if(TARGET ${tool})
    set_target_properties(${tool} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/kiln;${LLVM_LIBRARY_DIR}")
    install(TARGETS ${tool} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
if(TARGET Halide::Halide)
  install(FILES $<TARGET_SONAME_FILE:Halide::Halide> DESTINATION ${CMAKE_INSTALL_LIBDIR}/kiln)
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/kiln)
configure_package_config_file(cmake/kilnConfig.cmake.in ${CMAKE_BINARY_DIR}/kilnConfig.cmake INSTALL_DESTINATION ${package}
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kilnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/kilnConfig.cmake ${CMAKE_BINARY_DIR}/kilnConfigVersion.cmake DESTINATION ${package})
