#pragma once
// Whose files a caller's are: what the door asks in mapped mode ([identity] mode = "mapped"). Its methods are in identity.hpp.
#include "base/error.hpp"
#include "base/identity.hpp"
#include "site/account.hpp"

#include <boost/asio/awaitable.hpp>

namespace fjord::site {

// Any context that one thread runs.
class account_mapper {
public:
    virtual ~account_mapper() = default;
    // Never null. errc::denied: this caller has no account here (the sentence is fit for the caller). errc::unavailable: it
    // cannot be told now, and nobody else's account will do.
    virtual boost::asio::awaitable<result<account_ptr>> account_for(principal who) = 0;
};

}  // namespace fjord::site
