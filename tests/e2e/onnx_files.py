"""Finds the places of weights and attributes in ONNX files, so that tests can change them where they lie."""


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data, begin, end):
    """(number, begin, end) of each field's content."""
    while begin < end:
        key, at = varint(data, begin)
        if key & 7 == 0:
            _, begin = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            begin = at + size
        else:
            begin = at + (8 if key & 7 == 1 else 4)
        yield key >> 3, at, begin


def only(data, place, number):
    """The contents of all fields of that number."""
    return [(begin, end) for found, begin, end in fields(data, *place) if found == number]


def text(data, place, number):
    found = only(data, place, number)
    return bytes(data[slice(*found[0])]).decode() if found else ''


def graph(data):
    return only(data, (0, len(data)), 7)[0]


def weights(data):
    """Initializers by name, with the places of their raw bytes."""
    tensors = [(text(data, tensor, 8), only(data, tensor, 9)) for tensor in only(data, graph(data), 5)]
    return {name: raw[0] for name, raw in tensors if raw}


def attributes(data, op_type, name):
    """Where an attribute of type float stands, in each operator of that type."""
    places = []
    for node in only(data, graph(data), 1):
        if text(data, node, 4) != op_type:
            continue
        for attribute in only(data, node, 5):
            if text(data, attribute, 1) == name:
                places.append(only(data, attribute, 2)[0])
    return places
