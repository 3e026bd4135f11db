#pragma once
// A catalog over each engine, with its log at hand.
#include "support.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

namespace fjord::catalog {

class CatalogTest : public ::testing::TestWithParam<char const*> {
protected:
    catalog& cat() { return *catalog_; }
    manual_clock& time() { return bench_.time(); }

    // Commits one change set built by `fill`.
    template <class Fill>
    result<sequence> commit(Fill fill) {
        change_set c;
        fill(c);
        return cat().commit(std::move(c));
    }
    // The entries since the last call.
    std::vector<log_entry> news() {
        auto entries = must(cat().read_log(seen_, 100'000));
        if (!entries.empty()) seen_ = entries.back().seq;
        return entries;
    }
    static boost::json::object data_of(log_entry const& e) { return boost::json::parse(e.data).as_object(); }
    static std::string text_of(log_entry const& e, std::string_view member) {
        return boost::json::value_to<std::string>(data_of(e).at(member));
    }
    void reopen() {
        catalog_.reset();
        if (bench_.survives_restart()) bench_.reopen();
        catalog_ = std::make_unique<catalog>(bench_.get(), bench_.time());
    }

    store_bench bench_{GetParam()};
    std::unique_ptr<catalog> catalog_ = std::make_unique<catalog>(bench_.get(), bench_.time());
    sequence seen_ = 0;
};

inline auto engines() { return ::testing::Values("memory", "rocksdb"); }
inline std::string engine_name(::testing::TestParamInfo<char const*> const& info) { return info.param; }

}  // namespace fjord::catalog
