# FjordGDAL::gdal: GDAL's C API, headers and library.
#
# libgdal-dev pulls development packages that do not install beside Boost 1.81, so its headers may have been unpacked
# (dpkg-deb -x, not installed) below build/deps/gdal; the library itself is the run-time package's libgdal.so.32, which has no
# unversioned name without the development package.
find_path(FjordGDAL_INCLUDE_DIR gdal.h
  PATH_SUFFIXES gdal
  HINTS ${PROJECT_SOURCE_DIR}/build/deps/gdal/usr/include/gdal)
find_library(FjordGDAL_LIBRARY
  NAMES gdal libgdal.so.32
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} /usr/lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FjordGDAL
  REQUIRED_VARS FjordGDAL_LIBRARY FjordGDAL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run deploy/install-deps --build: it installs libgdal32 and unpacks the headers of libgdal-dev")

if(FjordGDAL_FOUND AND NOT TARGET FjordGDAL::gdal)
  add_library(FjordGDAL::gdal UNKNOWN IMPORTED GLOBAL)
  set_target_properties(FjordGDAL::gdal PROPERTIES
    IMPORTED_LOCATION ${FjordGDAL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${FjordGDAL_INCLUDE_DIR})
endif()
mark_as_advanced(FjordGDAL_INCLUDE_DIR FjordGDAL_LIBRARY)
