// Beast's compiled part, once for the whole program (BOOST_BEAST_SEPARATE_COMPILATION). Only what net uses: the HTTP parser.
#include <boost/beast/src.hpp>
