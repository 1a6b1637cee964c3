#!/usr/bin/env python3
"""Print the table of test_azure_auth.c: SharedKey signatures made with nothing of pgblob's.

Written after "Authorize with Shared Key" of Azure's REST documentation.
Licence: MIT, see LICENSE.
"""
import base64, hashlib, hmac

KEY = bytes(range(64))
ORDER = ["Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date",
         "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"]
DATE = {"x-ms-date": "Sun, 06 Nov 1994 08:49:37 GMT", "x-ms-version": "2021-12-02"}
CASES = [
    ("GET", "/box/a", {}, {}, 0),
    ("PUT", "/box/log/0000000000000001", {}, {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*"}, 4096),
    ("PUT", "/dev/box/sp%20ace%2Bplus", {}, {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*",
                                             "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, 1),
    ("GET", "/box/%C3%BCml", {}, {"x-ms-range": "bytes=10-19"}, 0),
    ("GET", "/box", {"restype": "container", "comp": "list", "prefix": "a b/\u00fc&=", "maxresults": "2",
                     "startFrom": "a b/x", "delimiter": "/"}, {}, 0),
    ("DELETE", "/box/a", {}, {"x-ms-delete-snapshots": "include"}, 0),
    ("HEAD", "/box/a", {}, {}, 0),
]


def sign(method, path, query, headers, length):
    headers = {**DATE, **headers}
    standard = dict(headers)
    if length:
        standard["Content-Length"] = str(length)
    text = method + "\n" + "".join(standard.get(name, "") + "\n" for name in ORDER)
    for name in sorted(n for n in headers if n.startswith("x-ms-")):
        text += "%s:%s\n" % (name, headers[name])
    text += "/account" + path
    for name in sorted(query, key=str.lower):
        text += "\n%s:%s" % (name.lower(), query[name])
    return base64.b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest()).decode()


for case in CASES:
    print("%-6s %-28s %s" % (case[0], case[1], sign(*case)))
