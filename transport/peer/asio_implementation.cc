// The one file that compiles Boost.Asio; all others see declarations
// (BOOST_ASIO_SEPARATE_COMPILATION), which saves 1-2 s each.

#include "boost/asio/impl/src.hpp"
