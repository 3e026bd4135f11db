"""A person at a browser, for tests: opens the page that `fjord login` printed, logs in, and allows the device or not.

usage: device_login.py URL CA USER PASSWORD allow|deny

Follows the forms of the pages as a browser would (cookies, hidden fields, redirects); prints the title and the buttons of each page.
"""
import html.parser
import http.cookiejar
import ssl
import sys
import urllib.parse
import urllib.request


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.forms, self.title, self._in_title = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "title":
            self._in_title = True
        elif tag == "form":
            self.forms.append({"action": a.get("action", ""), "fields": {}, "buttons": {}})
        elif self.forms and tag in ("input", "button") and a.get("name"):
            kind = a.get("type", "text")
            part = "buttons" if kind == "submit" or tag == "button" else "fields"
            if kind not in ("checkbox", "radio"):
                self.forms[-1][part][a["name"]] = a.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "title":
            self._in_title = False

    def handle_data(self, data):
        if self._in_title:
            self.title += data.strip()


def main():
    url, ca, user, password, decision = sys.argv[1:6]
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    answer = browser.open(url, timeout=60)
    for _ in range(6):
        page = Page(answer.read().decode())
        print(page.title, [sorted(f["buttons"]) for f in page.forms], flush=True)
        form = next((f for f in page.forms if f["fields"] or f["buttons"]), None)
        if form is None:
            return
        fields = dict(form["fields"])
        if "password" in fields:
            fields["username"], fields["password"] = user, password
        elif {"accept", "cancel"} <= form["buttons"].keys():
            button = "accept" if decision == "allow" else "cancel"
            fields[button] = form["buttons"][button]
        target = urllib.parse.urljoin(answer.geturl(), form["action"])
        try:
            answer = browser.open(target, urllib.parse.urlencode(fields).encode(), timeout=60)
        except urllib.error.HTTPError as refused:
            answer = refused
    sys.exit("the pages do not end")


main()
