"""Reads what `track html` writes: the sections of a page or of a bundle, columns included."""
import array
import base64
import gzip
import json
import re
import struct

TYPES = {"u8": ("B", 1), "u16": ("H", 2), "u32": ("I", 4), "i32": ("i", 4), "f64": ("d", 8)}
SECTION = re.compile(r'<script type="application/octet-stream" id="track-section-([a-z0-9._-]+)" '
                     r'data-raw-bytes="(\d+)">([A-Za-z0-9+/=]*)</script>')


def of_page(text):
    """{name: bytes} of an HTML page. ValueError: a section is not what it says."""
    sections = {}
    for name, size, data in SECTION.findall(text):
        sections[name] = gzip.decompress(base64.b64decode(data, validate=True))
        if len(sections[name]) != int(size):
            raise ValueError(f"section {name} has {len(sections[name])} bytes, not {size}")
    return sections


def of_bundle(data):
    """The same of a bundle file."""
    if data[:8] != b"TRKVIEW1":
        raise ValueError("no bundle")
    length, = struct.unpack_from("<I", data, 8)
    directory = json.loads(data[12:12 + length])
    sections = {}
    for entry in directory["sections"]:
        raw = gzip.decompress(data[entry["offset"]:entry["offset"] + entry["bytes"]])
        if len(raw) != entry["raw_bytes"]:
            raise ValueError(f"section {entry['name']} has another length than it says")
        sections[entry["name"]] = raw
    return sections


def columns(raw):
    """(what the header says beside its columns, {name: list of numbers})."""
    length, = struct.unpack_from("<I", raw, 0)
    header = json.loads(raw[4:4 + length])
    result = {}
    for column in header.pop("columns"):
        code, width = TYPES[column["type"]]
        count, start = column["count"], 4 + length + column["offset"]
        if column["offset"] % 8 or start + count * width > len(raw):
            raise ValueError(f"column {column['name']} lies wrongly")
        stored = raw[start:start + count * width]
        if column["enc"] == "shuffle":
            plain = bytearray(len(stored))
            for byte in range(width):
                plain[byte::width] = stored[byte * count:(byte + 1) * count]
            stored = bytes(plain)
        result[column["name"]] = list(array.array(code, stored))
    return header, result
