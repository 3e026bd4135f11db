#pragma once
// What the columns of one segment say about conditions. Three-valued as in CQL2, and a fourth answer: `open`, when only the
// document can tell. Answers other than `open` are exactly those of cql2::evaluator on the documents. One thread.
#include "stac/query_plan.hpp"
#include "stac/row_set.hpp"
#include "stac/segment.hpp"

namespace fjord::stac {

// Sets without common rows; rows in none of them are unknown (null).
struct verdict {
    row_set yes, no, open;
};

class segment_filter {
public:
    segment_filter(segment const& s, collection_id const& collection, query_plan const& plan)
        : segment_(s), collection_(collection), plan_(plan) {}

    // Rows of `among` that match the whole query, and those that may. Ids, time, space and filters; not visibility.
    struct matches {
        row_set yes, open;
    };
    matches match(row_set among) const;

    // One condition. For tests.
    verdict test(cql2::node const& condition, row_set const& among) const;

private:
    enum class source { id, collection, geometry, datetime, column, absent, document };
    struct resolved {
        source from = source::absent;
        column const* of = nullptr;
    };
    resolved resolve(std::string_view name) const;
    class row_view;
    class time_operand;

    verdict logical(cql2::node const& n, row_set const& among) const;
    verdict leaf(predicate const& p, row_set const& among) const;
    verdict uniform(cql2::truth t, row_set const& among) const;
    verdict no_geometry(row_set const& among) const;
    verdict by_rows(predicate const& p, row_set const& among) const;
    verdict by_codes(predicate const& p, column const& c, row_set const& among) const;
    verdict by_scale(predicate const& p, column const& c, row_set const& among) const;
    verdict by_time(predicate const& p, row_set const& among) const;
    std::optional<verdict> by_interval(predicate const& p, row_set const& among) const;
    verdict by_shape(predicate const& p, row_set const& among) const;
    cql2::truth of_range(predicate const& p, column const& c, std::uint32_t entry, bool& open) const;
    void keep_time(row_set& rows, time_interval const& t) const;
    void keep_ids(row_set& rows) const;
    void keep_space(row_set& rows, row_set& open) const;

    segment const& segment_;
    collection_id const& collection_;
    query_plan const& plan_;
};

// Rows of `among` whose footprint meets the shape: certainly, or perhaps.
void rows_meeting(segment const& s, region const& shape, row_set const& among, row_set& yes, row_set& open);

}  // namespace fjord::stac
