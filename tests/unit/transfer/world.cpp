#include "tests/unit/transfer/world.hpp"

#include "transfer/layout.hpp"

namespace fjord::transfer::test {

std::string world::replica_path_of(catalog::site_record const& s, catalog::asset_ref const& a, catalog::asset_version const& v) {
    return replica_path(s, a, v);
}

catalog::asset_version world::add_asset(std::string const& name, std::string const& bytes, std::vector<std::string> const& at,
                                        std::string const& properties) {
    auto ref = *catalog::parse_asset_ref(name);
    catalog::change_set c;
    if (!catalog->find_collection(ref.collection)) {
        catalog::collection_record collection;
        collection.id = ref.collection;
        collection.document = R"({"type":"Collection","id":")" + ref.collection.str() + R"("})";
        collection.etag = sha256_of(collection.document).hex();
        c.put_collection(std::move(collection));
    }
    if (!catalog->find_item(ref.collection, ref.item)) {
        catalog::item_record item;
        item.collection = ref.collection;
        item.id = ref.item;
        item.document = R"({"type":"Feature","id":")" + ref.item.str() + R"(","properties":)" + properties + "}";
        item.etag = sha256_of(item.document).hex();
        c.put_item(std::move(item));
    }
    digester d;
    d.update(std::string_view(bytes));
    catalog::asset_version v;
    v.digests = d.finish();
    v.id = *v.digests.sha256;
    v.size = bytes.size();
    v.filename = "file.bin";
    c.register_version(ref, v);
    for (auto const& site : at) {
        auto path = replica_path(*catalog->find_site(site_id(site)), ref, v);
        sites.at(site).files[path] = bytes;
        c.put_replica({ref, v.id, site_id(site), catalog::replica_state::available, v.size, path});
    }
    EXPECT_THAT(catalog->commit(std::move(c)), fjord::test::IsOk());
    return v;
}

}  // namespace fjord::transfer::test
