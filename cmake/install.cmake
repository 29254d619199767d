# cmake --install: headers, library, command, and the package that find_package(octet) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS octet EXPORT octetTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/octet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(OCTET_BUILD_TOOLS)
  install(TARGETS octet_command DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
set(_octet_package ${CMAKE_INSTALL_LIBDIR}/cmake/octet)
install(EXPORT octetTargets NAMESPACE octet:: DESTINATION ${_octet_package})
file(WRITE ${PROJECT_BINARY_DIR}/octetConfig.cmake
     "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/octetTargets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/octetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/octetConfig.cmake ${PROJECT_BINARY_DIR}/octetConfigVersion.cmake
        DESTINATION ${_octet_package})
