#!/usr/bin/env python3
"""Real STAC clients against a running server, without leaving this machine.

  stac_api.py validator ROOT_URL COLLECTION [TOKEN]   stac-api-validator; with a token the transaction class, else all others
  stac_api.py client ROOT_URL COLLECTION COUNT        pystac-client walks, searches, pages and filters
  stac_api.py http ROOT_URL COLLECTION                edges of HTTP that only a real connection shows

Requests to other hosts fail and are reported, but for the schemas of the STAC specification, which come from the pystac package.
"""

import http.client
import importlib.util
import io
import json
import os
import pathlib
import ssl
import sys
import urllib.parse
import urllib.request
import urllib.response

import requests

strayed = []  # URLs off this machine that somebody asked for


def bundled_schema(url):
    """The text of a schema that pystac brings with it, or None."""
    found = importlib.util.find_spec("pystac")
    folder = pathlib.Path(found.origin).parent / "validation" / "jsonschemas"
    parts = urllib.parse.urlsplit(url)
    name = pathlib.PurePosixPath(parts.path).name
    if parts.hostname == "schemas.stacspec.org":
        version = parts.path.split("/")[1]
        file = folder / "stac-spec" / version / name
    elif parts.hostname == "geojson.org":
        file = folder / "geojson" / name
    else:
        return None
    return file.read_bytes() if file.exists() else None


def is_here(url):
    return urllib.parse.urlsplit(url).hostname in ("localhost", "127.0.0.1", None)


def stay_here():
    send = requests.adapters.HTTPAdapter.send

    def guarded_send(self, request, **options):
        if is_here(request.url):
            # The validator sends prepared requests, which pass the environment by.
            if options.get("verify", True) is True:
                options["verify"] = os.environ.get("REQUESTS_CA_BUNDLE", True)
            return send(self, request, **options)
        schema = bundled_schema(request.url)
        if schema is None:
            strayed.append(request.url)
            raise requests.exceptions.ConnectionError("this test does not leave the machine: " + request.url)
        response = requests.Response()
        response.status_code = 200
        response.url = request.url
        response.headers["Content-Type"] = "application/json"
        response.raw = io.BytesIO(schema)
        response.request = request
        return response

    requests.adapters.HTTPAdapter.send = guarded_send
    opening = urllib.request.OpenerDirector.open

    def guarded_open(self, target, *rest, **options):
        url = target if isinstance(target, str) else target.full_url
        if is_here(url):
            return opening(self, target, *rest, **options)
        schema = bundled_schema(url)
        if schema is None:
            strayed.append(url)
            raise OSError("this test does not leave the machine: " + url)
        return urllib.response.addinfourl(io.BytesIO(schema), {"Content-Type": "application/json"}, url, 200)

    urllib.request.OpenerDirector.open = guarded_open


def check(what, condition, got=""):
    print(("ok      " if condition else "FAILED  ") + what + ("" if condition else f": {got!r}"), flush=True)
    if not condition:
        check.failures += 1


check.failures = 0


def run_validator(root, collection, token):
    from stac_api_validator import __main__ as validator

    arguments = ["--root-url", root, "--collection", collection, "--log-level", "WARNING"]
    classes = ["core"]
    if token:
        classes += ["transaction"]
        arguments += ["--transaction-collection", collection, "-H", "Authorization: Bearer " + token]
    else:
        classes += ["browseable", "children", "collections", "features", "item-search", "filter"]
        classes += ["item-search#sort", "item-search#fields", "item-search#query"]
        classes += ["features#sort", "features#fields", "features#query"]
        box = {"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, -60], [-180, -60], [-180, -90]]]}
        arguments += ["--geometry", json.dumps(box), "--validate-pagination"]
        # It sends the values as strings and reads them as numbers.
        arguments += ["--fields-nested-property", "properties.eo:cloud_cover", "--query-comparison-field", "eo:cloud_cover"]
        for name in ("eq", "neq", "lt", "lte", "gt", "gte"):
            arguments += [f"--query-{name}-value", "0" if name in ("eq", "neq") else "50"]
        arguments += ["--query-substring-field", "platform", "--query-starts-with-value", "sentinel"]
        arguments += ["--query-ends-with-value", "2a", "--query-contains-value", "nel-2"]
        arguments += ["--query-in-field", "instruments", "--query-in-values", "msi,oli"]
    for c in classes:
        arguments += ["--conformance", c]
    print("stac-api-validator, classes: " + ", ".join(classes), flush=True)
    try:
        status = validator.main(arguments, standalone_mode=False)
    except SystemExit as end:
        status = end.code
    check("the validator ends with 0", not status, status)


def run_client(root, collection, count):
    from pystac_client import Client

    client = Client.open(root)
    for name in ("COLLECTIONS", "ITEM_SEARCH", "FEATURES", "FIELDS", "FILTER", "QUERY", "SORT", "COLLECTION_SEARCH"):
        check(f"pystac-client finds the class {name}", client.conforms_to(name))
    check("the collection is found", collection in [c.id for c in client.get_collections()])
    ids = {i.id for i in client.get_collection(collection).get_items()}
    check("a collection's items are all there", len(ids) == count, len(ids))
    for method in ("GET", "POST"):
        walked = list(client.search(collections=[collection], method=method, limit=7).items())
        check(f"{method} pages give each item once", len(walked) == count and {i.id for i in walked} == ids, len(walked))
        search = client.search(collections=[collection], method=method, filter_lang="cql2-text", filter="eo:cloud_cover < 20")
        found = list(search.items())
        check(f"{method} filters by CQL2 text", found and all(i.properties["eo:cloud_cover"] < 20 for i in found), len(found))
        check(f"{method} matched() is exact", search.matched() == len(found), search.matched())
        search = client.search(collections=[collection], method=method, limit=10, sortby=["-properties.eo:cloud_cover"])
        clouds = [i.properties["eo:cloud_cover"] for i in search.items()]
        check(f"{method} sorts", clouds == sorted(clouds, reverse=True) and len(clouds) == count, clouds)
        search = client.search(collections=[collection], method=method, query=["eo:cloud_cover>=50"])
        check(f"{method} queries", all(i.properties["eo:cloud_cover"] >= 50 for i in search.items()))
        search = client.search(collections=[collection], method=method, ids=sorted(ids)[:3])
        check(f"{method} finds by ids", [i.id for i in search.items()] and {i.id for i in search.items()} == set(sorted(ids)[:3]))
        search = client.search(collections=[collection], method=method, fields=["id", "geometry"], limit=1, max_items=1)
        check(f"{method} sends chosen fields", set(next(search.items_as_dicts())) == {"id", "geometry"})
        search = client.search(collections=[collection], method=method, bbox=[179.9, -90, -179.9, -60])
        check(f"{method} searches across the antimeridian", 0 < search.matched() < count, search.matched())
        search = client.search(collections=[collection], method=method, datetime="2018-01-01/2019-12-31")
        check(f"{method} searches by time", 0 < search.matched() < count, search.matched())
    search = client.search(
        method="POST",
        filter={"op": "and", "args": [{"op": "=", "args": [{"property": "collection"}, collection]},
                                      {"op": "<=", "args": [{"property": "eo:cloud_cover"}, 10]}]})
    check("POST filters by CQL2 JSON", 0 < search.matched() < count, search.matched())
    queryables = client.get_collection(collection).get_queryables()
    check("queryables name what is there", "eo:cloud_cover" in queryables["properties"])
    check("merged queryables", "properties" in client.get_merged_queryables([collection]))
    found = [c.id for c in client.collection_search(q="sentinel", limit=1).collections()]
    check("collection search finds by text", collection in found, found)
    found = list(client.collection_search(bbox=[0, 89, 1, 90], datetime="1950-01-01/1950-12-31").collections())
    check("collection search by place and time", collection not in [c.id for c in found])
    item = client.get_collection(collection).get_item(sorted(ids)[0])
    check("one item by its id", item is not None and item.id == sorted(ids)[0])
    item.validate()
    walked = sum(1 for _ in client.get_all_items())
    check("walking the links reaches the items", walked >= count, walked)


def run_http(root, collection):
    root = root.rstrip("/")
    items = f"{root}/collections/{collection}/items"
    for path in ("/", "/conformance", "/collections", f"/collections/{collection}", "/search", "/queryables", "/api", "/nowhere"):
        get, head = requests.get(root + path), requests.head(root + path)
        check(f"HEAD {path} has the status and headers of GET", head.status_code == get.status_code and not head.content and all(
            head.headers.get(h) == get.headers.get(h) for h in ("Content-Type", "ETag", "Vary")), dict(head.headers))
    for path in ("/search", f"/collections/{collection}", "/nowhere"):
        answer = requests.options(root + path, headers={
            "Origin": "http://browser.test", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
        check(f"preflight of {path}", answer.headers.get("Access-Control-Allow-Origin") == "*" and "authorization" in
              answer.headers.get("Access-Control-Allow-Headers", "").lower(), dict(answer.headers))
    first = requests.get(items)
    again = requests.get(items, headers={"If-None-Match": first.headers["ETag"]})
    check("a page that has not changed is a 304", again.status_code == 304 and not again.content, again.status_code)
    plain = requests.get(items, headers={"Accept-Encoding": "identity"})
    packed = requests.get(items, headers={"Accept-Encoding": "gzip"})
    check("gzip or not, the same JSON", plain.json() == packed.json())
    check("answers vary by encoding", "Accept-Encoding" in plain.headers.get("Vary", ""), plain.headers.get("Vary"))
    for accept in ("application/json", "application/geo+json", "text/html", "*/*"):
        check(f"Accept: {accept} is never a 406", requests.get(items, headers={"Accept": accept}).status_code == 200)
    many = ",".join(f"collection-with-a-long-name-{i}" for i in range(1500)) + "," + collection
    answer = requests.get(root + "/search", params={"collections": many, "limit": 1})
    check("a URL of 50 kB is read", answer.status_code == 200 and answer.json()["numberMatched"] > 0, answer.status_code)
    answer = requests.get(root + "/search?ids=" + "x" * 300_000)
    check("a URL of 300 kB is refused with 414 or 431", answer.status_code in (414, 431), answer.status_code)
    # The answer comes before the body is sent, as to a client that waits for "100 Continue".
    where = urllib.parse.urlsplit(root)
    connection = http.client.HTTPSConnection(
        where.hostname, where.port, context=ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]))
    connection.putrequest("POST", "/search")
    for name, value in {"Content-Type": "application/json", "Content-Length": str(17 << 20), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read()
    check("a body over the limit is a 413 in JSON", answer.status == 413 and "description" in json.loads(text), (answer.status, text))
    for method, path in (("GET", "/nowhere"), ("GET", "/search?limit=0"), ("POST", f"/collections/{collection}/items"),
                         ("DELETE", "/search"), ("PUT", f"/collections/{collection}")):
        answer = requests.request(method, root + path, json={} if method != "GET" else None)
        body = answer.json()
        check(f"{method} {path} explains itself", answer.status_code >= 400 and body.get("code") and body.get("description") and
              answer.headers.get("Access-Control-Allow-Origin") == "*", answer.text)
    answer = requests.get(root + "/collections/", allow_redirects=True)
    check("a trailing slash is the same resource", answer.status_code == 200, answer.status_code)


def main():
    os.environ.setdefault("SSL_CERT_FILE", os.environ.get("REQUESTS_CA_BUNDLE", ""))
    stay_here()
    what, root, collection = sys.argv[1:4]
    if what == "validator":
        run_validator(root, collection, sys.argv[4] if len(sys.argv) > 4 else "")
    elif what == "client":
        run_client(root, collection, int(sys.argv[4]))
    else:
        run_http(root, collection)
    check("nobody asked another machine", not strayed, sorted(set(strayed)))
    print(f"{check.failures} failures")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
