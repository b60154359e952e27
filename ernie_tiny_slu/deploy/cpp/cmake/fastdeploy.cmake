# engine_fastdeploy, from the C++ SDK of FastDeploy 1.0.7 in FASTDEPLOY_INSTALL_DIR. Its FastDeploy.cmake sets the C++
# standard and flags of the scope that includes it, so it is read in a folder of its own.
if(NOT FASTDEPLOY_INSTALL_DIR)
  return()
endif()
if(NOT EXISTS "${FASTDEPLOY_INSTALL_DIR}/FastDeploy.cmake")
  message(FATAL_ERROR "FASTDEPLOY_INSTALL_DIR=${FASTDEPLOY_INSTALL_DIR}: no FastDeploy.cmake in it; give the unpacked SDK")
endif()
add_subdirectory(cmake/fastdeploy)
