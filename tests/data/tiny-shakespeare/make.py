#!/usr/bin/env python3
"""Rounds the float32 tensors of a safetensors file to bfloat16, to nearest, ties to even.

Usage: make.py IN.safetensors OUT.safetensors
"""
import array, json, struct, sys


def round_to_bf16(raw):
    words = array.array("I", raw)
    return array.array("H", ((w + 0x7FFF + ((w >> 16) & 1)) >> 16 for w in words)).tobytes()


def main(source, target):
    with open(source, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8:8 + size]), data[8 + size:]
    out, blobs, offset = {}, [], 0
    if "__metadata__" in header:
        out["__metadata__"] = header.pop("__metadata__")
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = tensor["data_offsets"]
        assert tensor["dtype"] == "F32", name
        raw = round_to_bf16(body[begin:end])
        out[name] = dict(dtype="BF16", shape=tensor["shape"], data_offsets=[offset, offset + len(raw)])
        offset += len(raw)
        blobs.append(raw)
    text = json.dumps(out, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


if __name__ == "__main__":
    main(*sys.argv[1:])
