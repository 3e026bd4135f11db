#pragma once
// Records as the API shows them (contract, "Shapes others rely on"). Pure.
#include "catalog/records.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace fjord::broker {

namespace json = boost::json;

json::object render(catalog::site_record const& s);
json::object render(catalog::cache_record const& c);
json::object render(catalog::replica_record const& r);
json::object render(catalog::transfer_record const& t);
json::object render(catalog::rule_record const& r);  // without status: the engine derives that
json::object render(catalog::asset_version const& v);
json::object render(digest_set const& d);  // {"sha-256": "hex", "adler32": "hex"}

// The members of a digests object; errc::invalid_argument names the wrong one.
result<digest_set> read_digests(json::object const& o);

}  // namespace fjord::broker
