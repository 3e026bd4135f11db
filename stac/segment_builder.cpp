#include "stac/segment_builder.hpp"

#include "base/digest.hpp"
#include "stac/json_scan.hpp"
#include "stac/segment_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace fjord::stac {
namespace {

// Properties that people filter and sort by; the common metadata of STAC and its stable extensions.
bool is_common(std::string_view name) {
    static constexpr std::array<std::string_view, 14> names{"eo:cloud_cover",     "gsd",       "platform",  "constellation",
                                                            "instruments",        "created",   "updated",   "start_datetime",
                                                            "end_datetime",       "proj:epsg", "proj:code", "sat:orbit_state",
                                                            "sat:relative_orbit", "grid:code"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::uint8_t code_of(outline::kind type) {
    return type == outline::kind::none ? 0 : type == outline::kind::box ? 1 : type == outline::kind::other ? 2 : 3;
}

std::uint64_t mixed(std::uint64_t v) {
    v = (v + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
    return v ^ (v >> 29);
}

std::optional<property_kind> kind_in_schema(std::string_view value) {
    switch (kind_of(value)) {
        case json_kind::number:
            return property_kind::number;
        case json_kind::string:
            return property_kind::text;
        case json_kind::boolean:
            return property_kind::boolean;
        case json_kind::array:
            return property_kind::array;
        case json_kind::object:
            return property_kind::object;
        default:
            return std::nullopt;
    }
}

void append_property(std::string& schema, std::string_view name, property_kind kind) {
    auto const size = static_cast<std::uint32_t>(name.size());
    schema += static_cast<char>(kind);
    schema.append(reinterpret_cast<char const*>(&size), sizeof size);
    schema += name;
}

template <class T>
void permute(std::vector<T>& list, std::vector<std::uint32_t> const& order) {
    std::vector<T> out;
    out.reserve(order.size());
    for (auto const row : order) out.push_back(list[row]);
    list = std::move(out);
}

// Puts sections into place.
class segment_writer {
public:
    segment_writer(std::size_t rows) {
        header_.magic = format::magic;
        header_.rows = static_cast<std::uint32_t>(rows);
        out_.resize(sizeof header_);
    }
    format::header& header() { return header_; }
    void put(format::section s, void const* data, std::size_t size) {
        header_.sections[s] = {format::put(out_, data, size), size};
    }
    template <class T>
    void put(format::section s, std::vector<T> const& list) {
        put(s, list.data(), list.size() * sizeof(T));
    }
    void put(format::section s, std::string const& text) { put(s, text.data(), text.size()); }
    void put_texts(format::section offsets, format::section text, std::vector<std::string> const& list) {
        std::vector<std::uint32_t> at{0};
        std::string all;
        for (auto const& t : list) {
            all += t;
            at.push_back(static_cast<std::uint32_t>(all.size()));
        }
        put(offsets, at);
        put(text, all);
    }
    std::uint32_t put_codes(format::section s, std::vector<std::uint32_t> const& codes) {
        std::vector<std::uint64_t> const wide(codes.begin(), codes.end());
        auto const width = width_for(*std::max_element(codes.begin(), codes.end()));
        put(s, format::packed(wide, width));
        return width;
    }
    format::time_head put_times(format::section s, std::vector<instant> const& times) {
        auto const low = *std::min_element(times.begin(), times.end());
        std::uint64_t unit = 0;
        for (auto const t : times) unit = std::gcd(unit, static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(low));
        if (unit == 0) unit = 1;
        std::vector<std::uint64_t> codes;
        for (auto const t : times) codes.push_back((static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(low)) / unit);
        auto const width = width_for(*std::max_element(codes.begin(), codes.end()));
        put(s, format::packed(codes, width));
        return {low, unit, width, 1};
    }
    void put_columns(std::vector<column_parts> const& columns) {
        std::vector<format::column_head> heads;
        std::string all;
        for (auto const& c : columns) {
            format::column_head h{};
            auto const most = *std::max_element(c.codes.begin(), c.codes.end()),
                       least = *std::min_element(c.codes.begin(), c.codes.end());
            h.type = static_cast<std::uint8_t>(c.type);
            h.width = most == least ? 0 : width_for(most);
            h.only = most, h.most = most;
            h.ranges = c.ranges, h.ordered = c.ordered, h.scale = c.scale, h.base = c.base, h.unit = c.unit;
            h.entries = c.entries;
            h.name_begin = format::put(all, c.name.data(), c.name.size());
            h.name_size = static_cast<std::uint32_t>(c.name.size());
            auto const codes = format::packed(c.codes, h.width);
            h.codes_begin = format::put(all, codes.data(), codes.size());
            auto const offsets = c.offsets.empty() ? std::vector<std::uint32_t>{0} : c.offsets;
            h.offsets_begin = format::put(all, offsets.data(), offsets.size() * sizeof(std::uint32_t));
            h.text_begin = format::put(all, c.text.data(), c.text.size());
            h.text_size = c.text.size();
            heads.push_back(h);
        }
        header_.columns = static_cast<std::uint32_t>(heads.size());
        put(format::column_heads, heads);
        put(format::column_bytes, all);
    }
    std::shared_ptr<segment const> finish() {
        out_.append(format::spare, '\0');
        header_.size = out_.size();
        std::memcpy(out_.data(), &header_, sizeof header_);
        auto const checked = std::as_bytes(std::span(out_)).subspan(format::checked_from);
        header_.crc = crc32c(0, checked);
        std::memcpy(out_.data(), &header_, sizeof header_);
        auto owner = std::make_shared<std::vector<std::byte>>(out_.size());  // of exactly that size
        std::memcpy(owner->data(), out_.data(), out_.size());
        auto made = segment::open(owner, *owner);
        return made.value();
    }

private:
    format::header header_{};
    std::string out_;
};

}  // namespace

bool is_policy_attribute(std::string_view raw_key) noexcept {
    return raw_key == "license" || raw_key == "fjord:sensitivity" || raw_key == "fjord:personal_data" ||
           raw_key == "fjord:subjects_country" || raw_key == "fjord:embargo_until";
}

std::uint32_t stamp_of(std::string_view etag) noexcept {
    std::uint32_t stamp = 0;
    auto const [end, ec] = std::from_chars(etag.data(), etag.data() + std::min<std::size_t>(8, etag.size()), stamp, 16);
    if (etag.size() >= 8 && ec == std::errc() && end == etag.data() + 8) return stamp;
    return static_cast<std::uint32_t>(id_list::hash(etag));
}

void segment_builder::add(std::string_view id, std::uint32_t stamp, item_scan const& item) {
    id_text_ += id;
    id_ends_.push_back(id_text_.size());
    sort_.push_back(item.sort_time);
    start_.push_back(item.time.start);
    end_.push_back(item.time.end);
    no_datetime_.push_back(!item.datetime);
    z_.push_back(item.z);
    add_shape(item);
    add_properties(item.properties);
    stamps_.push_back(stamp);
}

void segment_builder::add_shape(item_scan const& item) {
    auto const row = stamps_.size();
    bounds_.push_back(item.boxes.empty() ? no_box() : enclosing(item.boxes[0]));
    if (item.boxes.size() > 1) second_[row] = enclosing(item.boxes[1]);
    auto type = item.boxes.empty() ? outline::kind::none : item.shape.type;
    if (type == outline::kind::none && !item.boxes.empty()) type = outline::kind::other;
    if (type == outline::kind::ring) {
        add_ring(std::span(item.shape.at).first(item.shape.size), item.shape.error);
    } else {
        shapes_.push_back(code_of(type));
    }
    ring_ends_.push_back(ring_points_.size());
}

void segment_builder::add_ring(std::span<point const> ring, double error) {
    auto const within = bounds_.back().as_box();
    for (auto const& p : ring) ring_points_.push_back(pack(p, within));
    if (error > 0) ring_points_.push_back(pack_error(error, within));
    shapes_.push_back(format::ring_shape(ring.size(), error > 0));
}

std::size_t segment_builder::column_named(std::string_view raw_key, std::size_t position) {
    if (position < expected_.size() && expected_[position].raw_key == raw_key) return expected_[position].column;
    auto const name = decode_raw_string(raw_key);
    auto found = column_by_name_.find(name);
    if (found == column_by_name_.end()) {
        if (columns_.size() >= limits_.max_columns) {
            names_all_ = false;
            return SIZE_MAX;
        }
        found = column_by_name_.emplace(name, columns_.size()).first;
        columns_.emplace_back(name);
    }
    if (position >= expected_.size()) expected_.resize(position + 1);
    expected_[position] = {std::string(raw_key), found->second};
    return found->second;
}

void segment_builder::add_properties(std::string_view properties) {
    auto const row = stamps_.size();
    std::string policy;
    std::uint64_t hash = 0;
    std::size_t position = 0;
    bool unnamed = false;
    member_walk walk(properties);
    for (; auto m = walk.next(); ++position) {
        auto const c = column_named(m->raw_key, position);
        if (c == SIZE_MAX) {
            unnamed = true;
        } else if (m->raw_key != "datetime") {
            columns_[c].put(row, m->value);
        }
        if (auto const kind = kind_in_schema(m->value)) hash += mixed(c * 256 + static_cast<std::uint64_t>(*kind));
        if (is_policy_attribute(m->raw_key)) {
            policy += policy.empty() ? "{" : ",";
            policy += m->whole;
        }
    }
    if (!policy.empty()) policy += '}';
    classes_.push_back(static_cast<std::uint32_t>(class_code(policy)));
    // The same properties of the same kinds, in whatever order, are one schema. Beyond the column limit names do not count.
    auto const known = unnamed ? schema_by_hash_.end() : schema_by_hash_.find(hash);
    if (known != schema_by_hash_.end()) {
        schemas_.push_back(static_cast<std::uint32_t>(known->second));
        return;
    }
    std::vector<std::pair<std::string, property_kind>> list;
    member_walk again(properties);
    while (auto m = again.next())
        if (auto const kind = kind_in_schema(m->value)) list.emplace_back(m->key(), *kind);
    std::sort(list.begin(), list.end());
    std::string schema;
    for (auto const& [name, kind] : list) append_property(schema, name, kind);
    auto const code = schema_code(std::move(schema));
    if (!unnamed) schema_by_hash_[hash] = code;
    schemas_.push_back(static_cast<std::uint32_t>(code));
}

std::size_t segment_builder::class_code(std::string_view text) {
    auto const found = class_codes_.find(text);
    if (found != class_codes_.end()) return found->second;
    class_codes_.emplace(std::string(text), class_texts_.size());
    class_texts_.emplace_back(text);
    return class_texts_.size() - 1;
}

std::size_t segment_builder::schema_code(std::string text) {
    auto const found = schema_codes_.find(text);
    if (found != schema_codes_.end()) return found->second;
    schema_codes_.emplace(text, schema_texts_.size());
    schema_texts_.push_back(std::move(text));
    return schema_texts_.size() - 1;
}

void segment_builder::add(segment const& from, row_set const& rows) {
    auto const begin = stamps_.size();
    std::vector<std::uint32_t> list;
    rows.each([&](std::size_t row) { list.push_back(static_cast<std::uint32_t>(row)); });
    std::vector<std::uint32_t> class_of, schema_of;
    for (auto const text : from.classes()) class_of.push_back(static_cast<std::uint32_t>(class_code(text)));
    for (auto const& properties : from.schemas()) {
        std::string schema;
        for (auto const& p : properties) append_property(schema, p.name, p.kind);
        schema_of.push_back(static_cast<std::uint32_t>(schema_code(std::move(schema))));
    }
    std::array<point, outline::max_points> ring;
    for (auto const row : list) {
        auto const time = from.time(row);
        id_text_ += from.ids().of_row(row);
        id_ends_.push_back(id_text_.size());
        sort_.push_back(from.sort_time(row));
        start_.push_back(time.start);
        end_.push_back(time.end);
        no_datetime_.push_back(!from.has_datetime(row));
        z_.push_back(from.z(row));
        bounds_.push_back(from.bounds(row));
        auto const type = from.shape(row);
        if (type == outline::kind::ring) {
            double error = 0;
            auto const n = from.ring(row, ring, error);
            add_ring(std::span(ring).first(n), error);
        } else {
            shapes_.push_back(code_of(type));
        }
        ring_ends_.push_back(ring_points_.size());
        classes_.push_back(class_of[from.class_of(row)]);
        schemas_.push_back(schema_of[from.schema_of(row)]);
        stamps_.push_back(from.stamp(row));
    }
    for (std::size_t i = 0; i < from.second_rows().size(); ++i) {
        auto const at = std::lower_bound(list.begin(), list.end(), from.second_rows()[i]);
        if (at != list.end() && *at == from.second_rows()[i])
            second_[begin + static_cast<std::size_t>(at - list.begin())] = from.second_bounds()[i];
    }
    for (auto const& c : from.columns()) {
        auto found = column_by_name_.find(c.name);
        if (found == column_by_name_.end()) {
            if (columns_.size() >= limits_.max_columns) {
                names_all_ = false;
                continue;
            }
            found = column_by_name_.emplace(std::string(c.name), columns_.size()).first;
            columns_.emplace_back(std::string(c.name));
        }
        columns_[found->second].append(c, list, begin);
    }
    names_all_ = names_all_ && from.names_all();
    expected_.clear();
}

std::vector<std::uint32_t> segment_builder::sorted_rows() const {
    std::vector<std::uint32_t> order(rows());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return sort_[a] != sort_[b] ? sort_[a] > sort_[b] : id(a) < id(b); });
    return order;
}

// In large segments the cheapest columns are kept whole, then what people ask for, then what there is room for.
std::vector<column_parts> segment_builder::packed_columns(std::vector<std::uint32_t> const& order) {
    std::vector<std::size_t> by_cost;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].prepare(order, limits_.ranges);
        by_cost.push_back(i);
    }
    auto const urgency = [&](std::size_t i) { return is_common(columns_[i].name()) ? 0 : 1; };
    std::sort(by_cost.begin(), by_cost.end(), [&](std::size_t a, std::size_t b) {
        if (urgency(a) != urgency(b)) return urgency(a) < urgency(b);
        return columns_[a].exact_cost() < columns_[b].exact_cost();
    });
    bool const small = order.size() < limits_.small_rows;
    auto const room = static_cast<std::size_t>(limits_.column_bytes * static_cast<double>(order.size()));
    std::vector<column_builder::packing> how(columns_.size(), column_builder::packing::none);
    std::size_t used = 0, waiting = 0;
    for (auto const i : by_cost) waiting += columns_[i].rough_cost() != SIZE_MAX ? columns_[i].rough_cost() : 0;
    for (auto const i : by_cost) {
        auto const exact = columns_[i].exact_cost(), rough = columns_[i].rough_cost();
        if (rough != SIZE_MAX) waiting -= rough;
        bool const cheap = exact <= order.size() / 4 + 256;
        // Whole when the rest can still have its rough form.
        if (exact != SIZE_MAX &&
            (small || cheap || used + exact + waiting <= room || (urgency(i) == 0 && used + exact <= room))) {
            how[i] = column_builder::packing::exact;
            used += exact;
        } else if (rough != SIZE_MAX && used + rough <= room) {
            how[i] = column_builder::packing::rough;
            used += rough;
        }
    }
    std::vector<column_parts> parts;
    for (auto const& [name, i] : std::map<std::string_view, std::size_t>(column_by_name_.begin(), column_by_name_.end()))
        if (name != "datetime") parts.push_back(columns_[i].pack(how[i]));
    return parts;
}

std::shared_ptr<segment const> segment_builder::build(std::vector<std::uint32_t>* places) {
    auto const order = sorted_rows();
    segment_writer out(rows());
    std::vector<std::string_view> ids;
    for (auto const row : order) ids.push_back(id(row));
    auto const encoded = encode_ids(ids);
    out.put(format::ids_alphabet, encoded.alphabet);
    out.put(format::ids_text, encoded.text);
    out.put(format::ids_blocks, encoded.blocks);
    out.put(format::ids_rank_of_row, encoded.rank_of_row);
    out.put(format::ids_row_of_rank, encoded.row_of_rank);
    out.put(format::ids_bloom, encoded.bloom);

    bool const spans = start_ != sort_ || end_ != sort_;
    permute(stamps_, order), permute(sort_, order), permute(start_, order), permute(end_, order);
    out.put(format::stamps, stamps_);
    std::vector<format::time_head> heads(3, format::time_head{0, 1, 0, 0});
    heads[0] = out.put_times(format::sort_codes, sort_);
    if (spans) {
        heads[1] = out.put_times(format::start_codes, start_);
        heads[2] = out.put_times(format::end_codes, end_);
    }
    out.put(format::time_heads, heads);
    if (std::find(no_datetime_.begin(), no_datetime_.end(), true) != no_datetime_.end()) {
        row_set flags(rows());
        for (std::size_t i = 0; i < order.size(); ++i)
            if (no_datetime_[order[i]]) flags.add(i);
        out.put(format::no_datetime, flags.words());
    }

    permute(bounds_, order);
    out.put(format::bounds, bounds_);
    std::vector<std::uint16_t> second_rows;
    std::vector<box4> second_bounds;
    std::vector<std::uint32_t> ring_begins;
    std::vector<packed_point> points;
    std::vector<std::uint8_t> shapes;
    bool high = false;
    std::vector<double> z;
    for (std::size_t i = 0; i < order.size(); ++i) {
        auto const row = order[i];
        if (auto const two = second_.find(row); two != second_.end()) {
            second_rows.push_back(static_cast<std::uint16_t>(i));
            second_bounds.push_back(two->second);
        }
        if (i % 16 == 0) ring_begins.push_back(static_cast<std::uint32_t>(points.size()));
        auto const begin = row == 0 ? 0 : ring_ends_[row - 1];
        points.insert(points.end(), ring_points_.begin() + static_cast<std::ptrdiff_t>(begin),
                      ring_points_.begin() + static_cast<std::ptrdiff_t>(ring_ends_[row]));
        shapes.push_back(shapes_[row]);
        z.insert(z.end(), z_[row].begin(), z_[row].end());
        high = high || z_[row] != std::array<double, 2>{0, 0};
    }
    out.put(format::second_rows, second_rows);
    out.put(format::second_bounds, second_bounds);
    auto const tree = build_rtree(bounds_);
    out.put(format::tree_rows, tree.rows);
    out.put(format::tree_nodes, tree.nodes);
    out.put(format::shapes, shapes);
    out.put(format::ring_begins, ring_begins);
    out.put(format::ring_points, points);
    if (high) out.put(format::z, z);

    permute(classes_, order), permute(schemas_, order);
    out.header().class_width = out.put_codes(format::class_codes, classes_);
    out.header().schema_width = out.put_codes(format::schema_codes, schemas_);
    out.put_texts(format::class_offsets, format::class_text, class_texts_);
    out.put_texts(format::schema_offsets, format::schema_text, schema_texts_);
    out.header().names_all = names_all_;
    out.put_columns(packed_columns(order));
    if (places) {
        places->resize(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) (*places)[order[i]] = static_cast<std::uint32_t>(i);
    }
    return out.finish();
}

}  // namespace fjord::stac
