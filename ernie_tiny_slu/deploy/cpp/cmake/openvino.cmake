# engine_openvino, from the OpenVINO of -DOpenVINO_DIR or of the project's environment (the PyPI wheel has headers,
# libraries and a CMake package in it). Without any, the project builds without this engine and says so.
if(NOT SLU_OPENVINO)
  return()
endif()
if(NOT OpenVINO_DIR)
  file(GLOB slu_wheels "${repo}/.venv*/lib/python3*/site-packages/openvino/cmake")
  find_package(OpenVINO QUIET COMPONENTS Runtime HINTS ${slu_wheels})
else()
  find_package(OpenVINO REQUIRED COMPONENTS Runtime)
endif()
if(NOT OpenVINO_FOUND)
  message(WARNING "OpenVINO was not found: building without it. Give -DOpenVINO_DIR=SITE_PACKAGES/openvino/cmake, "
    "or make the project's environment first (sh run_build.sh does).")
  return()
endif()
message(STATUS "OpenVINO ${OpenVINO_VERSION} in ${OpenVINO_DIR}")
add_library(engine_openvino STATIC src/engine_openvino.cc)
target_link_libraries(engine_openvino PUBLIC slu_core PRIVATE openvino::runtime)
