// How an API begins and ends: it answers 503 while its index is read from the catalog, and the next start goes on from the
// checkpoint that the last one left.
#include "tests/support/temp_dir.hpp"
#include "tests/unit/stac/api_fixture.hpp"

#include <filesystem>
#include <future>

namespace fjord::stac::test {
namespace {

using fjord::test::temp_dir;

// A store whose items can be read only once the gate is open.
class gated_store final : public catalog::store {
public:
    gated_store(catalog::store& inner, std::shared_future<void> gate) : inner_(inner), gate_(std::move(gate)) {}
    std::unique_ptr<catalog::store_view> view() const override { return std::make_unique<gated_view>(inner_.view(), gate_); }
    result<catalog::sequence> apply(catalog::write_batch batch) override { return inner_.apply(std::move(batch)); }
    catalog::sequence last_sequence() const noexcept override { return inner_.last_sequence(); }
    result<std::vector<catalog::log_entry>> read_log(catalog::sequence since, std::size_t max) const override {
        return inner_.read_log(since, max);
    }
    result<void> prune_log(catalog::sequence before) override { return inner_.prune_log(before); }

private:
    class gated_view final : public catalog::store_view {
    public:
        gated_view(std::unique_ptr<catalog::store_view> inner, std::shared_future<void> gate)
            : inner_(std::move(inner)), gate_(std::move(gate)) {}
        result<std::optional<std::string>> get(std::string_view key) const override { return inner_->get(key); }
        result<void> scan(std::string_view first, std::string_view last,
                          std::function<bool(std::string_view, std::string_view)> const& visit) const override {
            if (first.starts_with('i')) gate_.wait();
            return inner_->scan(first, last, visit);
        }
        catalog::sequence at() const noexcept override { return inner_->at(); }

    private:
        std::unique_ptr<catalog::store_view> inner_;
        std::shared_future<void> gate_;
    };

    catalog::store& inner_;
    std::shared_future<void> gate_;
};

class api_start : public api_fixture {
protected:
    api_options options() override {
        auto o = api_fixture::options();
        o.read_in_background = true;
        return o;
    }
    // Another API over the same content; asked by ask() from now on.
    void start_again(catalog::catalog& cat, std::string const& directory) {
        auto o = options();
        o.index_directory = directory;
        routes_ = net::router();
        api_ = std::make_unique<api>(cat, engine_, pool_, clock_, std::move(o));
        ASSERT_TRUE(api_->start());
        api_->add_routes(routes_);
    }
    void wait_until_ready() {
        while (!api_->not_ready().empty()) std::this_thread::yield();
    }

    temp_dir dir_;
    std::promise<void> open_;
    std::shared_future<void> gate_ = open_.get_future().share();
};

TEST_F(api_start, WhileItemsAreReadRequestsAreRefusedForAWhile) {
    wait_until_ready();
    add_collection("c");
    add_item("c", sample_item("i"));
    gated_store gated(*store_, gate_);
    catalog::catalog cat(gated, clock_);
    start_again(cat, {});
    auto const r = get("/search");
    EXPECT_EQ(r.status, 503u);
    EXPECT_EQ(r.headers.get("Retry-After"), "5");
    EXPECT_NE(r.text.find("0 items so far"), std::string::npos) << r.text;
    EXPECT_EQ(post("/collections", sample_collection("d"), admin()).status, 503u);
    EXPECT_FALSE(api_->not_ready().empty());
    open_.set_value();
    wait_until_ready();
    EXPECT_EQ(get("/search").at("numberMatched"), 1);
    api_.reset();
}

TEST_F(api_start, EndingWhileItemsAreReadDoesNotWaitForThemAll) {
    wait_until_ready();
    add_collection("c");
    add_item("c", sample_item("i"));
    gated_store gated(*store_, gate_);
    catalog::catalog cat(gated, clock_);
    start_again(cat, dir_.path("index"));
    auto ended = std::async(std::launch::async, [&] { api_->stop(); });
    open_.set_value();
    ended.get();
    api_.reset();
}

TEST_F(api_start, AnEndLeavesACheckpointThatTheNextStartNeedsNoItemsFor) {
    wait_until_ready();
    add_collection("c");
    add_item("c", sample_item("i"));
    {
        catalog::catalog cat(*store_, clock_);
        start_again(cat, dir_.path("index"));
        wait_until_ready();
        add_item("c", sample_item("j"));
        api_->stop();
        api_.reset();
    }
    // The gate stays shut: who reads the items would wait for ever.
    gated_store gated(*store_, gate_);
    catalog::catalog cat(gated, clock_);
    start_again(cat, dir_.path("index"));
    EXPECT_EQ(api_->not_ready(), "");
    EXPECT_EQ(get("/search").at("numberMatched"), 2);
    api_.reset();
}

}  // namespace
}  // namespace fjord::stac::test
